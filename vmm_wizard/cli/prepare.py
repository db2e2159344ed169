"""`prepare`: what setup wants is brought to the nodes, or the commands to do it by hand are printed."""

from __future__ import annotations

from pathlib import Path

import click

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, plan_nodes, prepare_call, yes_option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, load_plan, refuse, secrets_option


@click.command()
@answers_argument
@click.option("--node", "names", multiple=True, help="Only this node of the answer file (may be given again).")
@click.option(
    "--restart", is_flag=True, help="Restart nodes that want it, one at a time, VMM's role moved away before."
)
@click.option("--by-hand", is_flag=True, help="Do nothing: print robocopy lines and all commands to run by hand.")
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
    """Bring to the nodes what setup wants there: the cluster's feature, the media, the ADK, packages.

    The sources are in [prepare] of the answer file. A scheduled task on each node reads them from the share; what is
    there already is not brought again.
    """
    door = Door(as_json, yes)
    plan = load_plan(file)
    nodes = plan_nodes(plan, names)
    if by_hand:
        from vmm_wizard.install.by_hand import prepare_by_hand

        if as_json:
            refuse("--by-hand prints commands, and takes no --json")
        click.echo("\n".join(prepare_by_hand(plan, nodes or tuple(node.key for node in plan.nodes))))
        return
    from vmm_wizard.install.orders import Job, Order

    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.PREPARE.value)
    shown = ", ".join(nodes or [node.key for node in plan.nodes])
    sources = "\n".join(f"  {source}" for source in plan.prepare.sources)
    ask_to_go_on(
        door,
        "prepare",
        f"{shown} will be prepared{', and restarted where that is wanted' if restart else ''}.",
        f"From:\n{sources}" if sources else "No source is named in [prepare]: only what needs none is done.",
        f"A scheduled task there stores the password of {plan.installing_account} on the node while it runs.",
    )
    carry_out(plan, secrets, addresses, Order(Job.PREPARE, nodes=nodes, restart=restart), door)
