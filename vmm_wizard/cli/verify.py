"""The command that looks whether VMM is as it should be, once it is installed."""

from __future__ import annotations

from pathlib import Path

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, prepare_call, yes_option
from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, secrets_option
from vmm_wizard.texts import text


@command()
@answers_argument
@option("--moves", is_flag=True, said="commands.verify.options.moves")
@yes_option
@json_option
@book_option
@secrets_option
def verify(
    file: Path, moves: bool, yes: bool, as_json: bool, address_book: Path | None, secrets_file: Path | None
) -> None:
    """Look whether VMM is as it should be on all nodes: registry, services, role, console port, and VMM's own word."""
    from vmm_wizard.install.orders import Job, Order

    door = Door(as_json, yes)
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.VERIFY)
    names = ", ".join(str(node) for node in plan.nodes)
    sentences = [text("commands.verify.will_be", nodes=names, account=plan.installing_account)]
    if moves:
        means = text("engine.procedures.failover.consoles")
        sentences.append(text("commands.verify.moves", role=plan.cluster.role_name, means=means))
    ask_to_go_on(door, "verify", *sentences)
    carry_out(plan, secrets, addresses, Order(Job.VERIFY, moves=moves), door)
