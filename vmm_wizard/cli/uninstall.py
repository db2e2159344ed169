"""The command that takes VMM off nodes."""

from __future__ import annotations

from pathlib import Path

import click

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, plan_nodes, prepare_call, restart_option, yes_option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, refuse, secrets_option


@click.command()
@answers_argument
@click.option("--node", "nodes", multiple=True, metavar="NODE", help="A node to take VMM off; may be given again.")
@click.option("--all", "all_nodes", is_flag=True, help="All nodes of the answer file.")
@click.option(
    "--remove-database",
    metavar="NAME",
    default="",
    help="Remove the database with the last node; its name, typed exactly, confirms it. Otherwise it is kept.",
)
@click.option(
    "--although-jobs-run",
    is_flag=True,
    help="Move the role away although jobs run on VMM, or nobody can tell whether: they fail, and are listed.",
)
@click.option("--force", is_flag=True, help="Go on although the database is gone or unreadable (ForceHAVMMUninstall).")
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
    """Take VMM and its console off nodes, one after another; run again, it goes on where it was cut off.

    Passive nodes go first, and the role is moved away from a node before it goes while others keep VMM, but not while
    jobs run on VMM. The database is kept, unless its name is typed and no node keeps VMM.
    """
    from vmm_wizard.install.orders import Job, Order

    if bool(nodes) == all_nodes:
        refuse("say which nodes: --node NODE, once for each, or --all")
    door = Door(as_json, yes)
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.UNINSTALL)
    chosen = tuple(node.key for node in plan.nodes) if all_nodes else plan_nodes(plan, nodes)
    name = plan.database.name
    if remove_database and remove_database != name:
        refuse(f"--remove-database {remove_database}: the database's name is {name}; type exactly that to remove it")
    order = Order(
        Job.UNINSTALL,
        chosen,
        remove_database=remove_database,
        restart=restart,
        force=force,
        although_jobs_run=although_jobs_run,
    )
    fate = f"Database {name} is kept."
    if remove_database:
        fate = f"Database {name} on {plan.database.target} is REMOVED with the last node."
    sentences = [f"VMM and its console will be taken off {', '.join(chosen)}. {fate}"]
    if force:
        sentences.append("Setup is told to go on although it cannot read the database: other nodes may be left broken.")
    sentences.append(f"Setup runs as a scheduled task, which stores the password of {plan.installing_account} there.")
    ask_to_go_on(door, "uninstall", *sentences)
    carry_out(plan, secrets, addresses, order, door)
