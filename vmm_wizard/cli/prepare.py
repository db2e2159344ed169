"""`prepare`: what setup wants is brought to the nodes, or the commands to do it by hand are printed."""

from __future__ import annotations

from pathlib import Path

import click

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, plan_nodes, prepare_call, yes_option
from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, load_plan, refuse, secrets_option
from vmm_wizard.texts import text


@command()
@answers_argument
@option("--node", "names", multiple=True, said="commands.prepare.options.node")
@option("--restart", is_flag=True, said="commands.prepare.options.restart")
@option("--by-hand", is_flag=True, said="commands.prepare.options.by_hand")
@yes_option
@json_option
@book_option
@secrets_option
def prepare(
    file: Path,
    names: tuple[str, ...],
    restart: bool,
    by_hand: bool,
    yes: bool,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Bring to the nodes what setup wants there: the cluster's feature, the media, the ADK, packages."""
    door = Door(as_json, yes)
    plan = load_plan(file)
    nodes = plan_nodes(plan, names)
    if by_hand:
        from vmm_wizard.install.by_hand import prepare_by_hand

        if as_json:
            refuse(text("commands.prepare.no_json"))
        click.echo("\n".join(prepare_by_hand(plan, nodes or tuple(node.key for node in plan.nodes))))
        return
    from vmm_wizard.install.orders import Job, Order

    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.PREPARE.value)
    shown = ", ".join(nodes or [node.key for node in plan.nodes])
    sources = "\n".join(f"  {source}" for source in plan.prepare.sources)
    ask_to_go_on(
        door,
        "prepare",
        text(f"commands.prepare.will_be.{'restarted' if restart else 'prepared'}", nodes=shown),
        text("commands.prepare.sources", sources=sources) if sources else text("commands.prepare.no_source"),
        text("commands.prepare.stores_password", account=plan.installing_account),
    )
    carry_out(plan, secrets, addresses, Order(Job.PREPARE, nodes=nodes, restart=restart), door)
