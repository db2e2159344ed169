"""The command that moves VMM's role to another node."""

from __future__ import annotations

from pathlib import Path

import click

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, plan_nodes, prepare_call, yes_option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, secrets_option
from vmm_wizard.texts import text


@click.command()
@answers_argument
@click.option("--to", "target", metavar="NODE", required=True, help="The node that the role moves to.")
@click.option(
    "--although-jobs-run",
    is_flag=True,
    help="Move it although jobs run on VMM, or nobody can tell whether: they fail, and are listed afterwards.",
)
@yes_option
@json_option
@book_option
@secrets_option
def failover(
    file: Path,
    target: str,
    although_jobs_run: bool,
    yes: bool,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Move VMM's role to another node, and wait until it serves there.

    It is refused while jobs run on VMM: a move lets them fail, and they do not start again by themselves. Run again, it
    goes on where it was cut off.
    """
    from vmm_wizard.install.orders import Job, Order

    door = Door(as_json, yes)
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.FAILOVER)
    (node,) = plan_nodes(plan, (target,))
    jobs = "Jobs that run on VMM will fail." if although_jobs_run else "It is refused while jobs run on VMM."
    means = text("engine.procedures.failover.consoles")
    ask_to_go_on(
        door,
        "failover",
        f"Role {plan.cluster.role_name} will be moved to {node}. {jobs}",
        f"{means[:1].upper()}{means[1:]}.",
        "VMM is asked for its jobs in a scheduled task on a node, which stores the password of "
        f"{plan.installing_account} there while it runs.",
    )
    order = Order(Job.FAILOVER, target=node, although_jobs_run=although_jobs_run)
    carry_out(plan, secrets, addresses, order, door)
