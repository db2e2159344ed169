"""The command that moves VMM's role to another node."""

from __future__ import annotations

from pathlib import Path

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, plan_nodes, prepare_call, yes_option
from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, secrets_option
from vmm_wizard.texts import text


@command()
@answers_argument
@option("--to", "target", metavar="NODE", required=True, said="commands.failover.options.to")
@option(
    "--although-jobs-run",
    is_flag=True,
    said="commands.failover.options.although_jobs_run",
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
    """Move VMM's role to another node, and wait until it serves there."""
    from vmm_wizard.install.orders import Job, Order

    door = Door(as_json, yes)
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.FAILOVER)
    (node,) = plan_nodes(plan, (target,))
    jobs = text("commands.failover.jobs_will_fail") if although_jobs_run else text("commands.failover.refused_while")
    means = text("engine.procedures.failover.consoles")
    ask_to_go_on(
        door,
        "failover",
        text("commands.failover.moved", role=plan.cluster.role_name, node=node, jobs=jobs),
        f"{means[:1].upper()}{means[1:]}.",
        text("commands.failover.asks_jobs", account=plan.installing_account),
    )
    order = Order(Job.FAILOVER, target=node, although_jobs_run=although_jobs_run)
    carry_out(plan, secrets, addresses, order, door)
