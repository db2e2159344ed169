"""The command that takes VMM off nodes."""

from __future__ import annotations

from pathlib import Path

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, plan_nodes, prepare_call, restart_option, yes_option
from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, refuse, secrets_option
from vmm_wizard.texts import text


@command()
@answers_argument
@option("--node", "nodes", multiple=True, metavar="NODE", said="commands.uninstall.options.node")
@option("--all", "all_nodes", is_flag=True, said="commands.uninstall.options.all")
@option(
    "--remove-database",
    metavar="NAME",
    default="",
    said="commands.uninstall.options.remove_database",
)
@option(
    "--although-jobs-run",
    is_flag=True,
    said="commands.uninstall.options.although_jobs_run",
)
@option("--force", is_flag=True, said="commands.uninstall.options.force")
@restart_option
@yes_option
@json_option
@book_option
@secrets_option
def uninstall(
    file: Path,
    nodes: tuple[str, ...],
    all_nodes: bool,
    remove_database: str,
    although_jobs_run: bool,
    force: bool,
    restart: bool,
    yes: bool,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Take VMM and its console off nodes, one after another; run again, it goes on where it was cut off."""
    from vmm_wizard.install.orders import Job, Order

    if bool(nodes) == all_nodes:
        refuse(text("commands.uninstall.which"))
    door = Door(as_json, yes)
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.UNINSTALL)
    chosen = tuple(node.key for node in plan.nodes) if all_nodes else plan_nodes(plan, nodes)
    name = plan.database.name
    if remove_database and remove_database != name:
        refuse(text("commands.uninstall.type_exactly", typed=remove_database, name=name))
    order = Order(
        Job.UNINSTALL,
        chosen,
        remove_database=remove_database,
        restart=restart,
        force=force,
        although_jobs_run=although_jobs_run,
    )
    fate = text("commands.uninstall.kept", name=name)
    if remove_database:
        fate = text("commands.uninstall.removed", name=name, server=plan.database.target)
    sentences = [text("commands.uninstall.will_be", nodes=", ".join(chosen), fate=fate)]
    if force:
        sentences.append(text("commands.uninstall.forced"))
    sentences.append(text("commands.shared.stores_password", account=plan.installing_account))
    ask_to_go_on(door, "uninstall", *sentences)
    carry_out(plan, secrets, addresses, order, door)
