"""The command that looks whether VMM is as it should be, once it is installed."""

from __future__ import annotations

from pathlib import Path

import click

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, prepare_call, yes_option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, secrets_option
from vmm_wizard.texts import text


@click.command()
@answers_argument
@click.option("--moves", is_flag=True, help="Move the role to each node and back, too. Refused while jobs run on VMM.")
@yes_option
@json_option
@book_option
@secrets_option
def verify(
    file: Path, moves: bool, yes: bool, as_json: bool, address_book: Path | None, secrets_file: Path | None
) -> None:
    """Look whether VMM is as it should be on all nodes: registry, services, role, console port, and VMM's own word.

    Nothing is changed without --moves.
    """
    from vmm_wizard.install.orders import Job, Order

    door = Door(as_json, yes)
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.VERIFY)
    names = ", ".join(str(node) for node in plan.nodes)
    sentences = [
        f"VMM is verified on {names}. It is asked for its nodes in a scheduled task on one of them, which stores the "
        f"password of {plan.installing_account} there while it runs."
    ]
    if moves:
        means = text("engine.procedures.failover.consoles")
        sentences.append(text("commands.verify.moves", role=plan.cluster.role_name, means=means))
    ask_to_go_on(door, "verify", *sentences)
    carry_out(plan, secrets, addresses, Order(Job.VERIFY, moves=moves), door)
