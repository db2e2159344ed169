"""The commands that write into an answer file what the admin thinks of a finding: accept, and request's mark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.shared import answers_argument, load_plan, refuse, unused_book_option

if TYPE_CHECKING:
    from vmm_wizard.plan.model import Plan


@click.command()
@click.argument("check_id", metavar="ID")
@answers_argument
@click.option("--subject", default="", help="What the finding is about, as reports name it: a node, an address.")
@click.option("--reason", required=True, help="Why it is accepted; shown in every report.")
@click.option("--by", default="", help="Who accepts it.")
@click.option("--on", default="", metavar="DAY", help="When, as 2026-11-26.")
@unused_book_option
def accept(check_id: str, file: Path, subject: str, reason: str, by: str, on: str) -> None:
    """Accept what a check finds: write it into FILE, with the reason. It stops no install from then on.

    What makes setup roll back for certain cannot be accepted. To take an acceptance back, delete it from FILE.
    """
    plan = load_plan(file, complete=False)
    from vmm_wizard.checks.acceptance import node_of, objections
    from vmm_wizard.plan.rows import ACCEPTED

    texts = {"id": check_id, "subject": node_of(subject, plan) or subject, "reason": reason, "by": by, "on": on}
    try:
        acceptance = ACCEPTED.parse(texts)
    except ValueError as error:
        refuse(str(error))
    key = ACCEPTED.key(acceptance)
    kept = tuple(row for row in plan.accepted if ACCEPTED.key(row) != key)
    for objection in objections(replace(plan, accepted=(acceptance,), asked=())):
        refuse(f"{acceptance.check}: {objection.allowed}")
    write_plan(file, replace(plan, accepted=(*kept, acceptance)))
    about = f" ({acceptance.subject})" if acceptance.subject else ""
    click.echo(f"{file}: {acceptance.check}{about} {acceptance}")


def write_plan(file: Path, plan: Plan) -> None:
    """Write `plan` into its answer file, whose comments stay; refuses where that cannot be done."""
    from vmm_wizard.plan.saving import save, updated

    try:
        if updated(file.read_bytes().decode("utf-8-sig"), plan, {}) is None:
            refuse(f"{file}: it cannot be changed without losing its comments; write the table into it by hand")
        save(plan, file)
    except OSError as error:
        refuse(f"{file}: cannot be written ({error.strerror})")
