"""The commands that write into an answer file what the admin thinks of a finding: accept, and request's mark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
    answers_argument,
    ask_estate,
    ask_missing,
    book_option,
    find_addresses,
    is_interactive,
    load_plan,
    open_log,
    read_secrets,
    refuse,
    secrets_option,
    unused_book_option,
    write_text,
)
from vmm_wizard.plan.model import ASKED_TEAMS
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.plan.model import Plan


@command()
@click.argument("check_id", metavar="ID")
@answers_argument
@option("--subject", default="", said="commands.marking.options.subject")
@option("--reason", required=True, said="commands.marking.options.reason")
@option("--by", default="", said="commands.marking.options.by")
@option("--on", default="", metavar="DAY", said="commands.marking.options.on")
@unused_book_option
def accept(check_id: str, file: Path, subject: str, reason: str, by: str, on: str) -> None:
    """Accept what a check finds: write it into FILE, with the reason. It stops no install from then on."""
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


@command()
@option(
    "--for",
    "team",
    required=True,
    type=click.Choice(ASKED_TEAMS),
    said="commands.marking.options.for",
)
@answers_argument
@option("--mark", default="", metavar="TICKET", said="commands.marking.options.mark")
@option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), said="commands.marking.options.output")
@book_option
@secrets_option
def request(
    team: str, file: Path, mark: str, output: Path | None, address_book: Path | None, secrets_file: Path | None
) -> None:
    """Print the request to another team: everything it must do, ready to be sent. Changes nothing but FILE (--mark)."""
    plan = load_plan(file)
    addresses = find_addresses(address_book)
    secrets = read_secrets(secrets_file)
    if is_interactive():
        ask_missing(plan.accounts, secrets)
    open_log()
    from vmm_wizard.afterwards.follow_ups import follow_ups, is_installed
    from vmm_wizard.checks.registry import Status
    from vmm_wizard.checks.remedies import Team
    from vmm_wizard.report import request as report

    update = ask_estate(plan, secrets, addresses)
    findings = update.findings
    after = follow_ups(plan, update.facts, file=file.name) if is_installed(plan, update.facts) else ()
    rows = report.requested(findings, Team(team))
    said = report.as_text(plan, findings, Team(team), file.name, after)
    if output is None or not (rows or report.following(after, Team(team))):
        click.echo(said, nl=False)
    else:
        write_text(output, said)
        click.echo(str(output))
    if mark:
        _mark(file, plan, rows, team, mark, tuple(row.code for row in report.following(after, Team(team))))
    silent = [row for row in findings if row.status is Status.UNKNOWN and not row.steps]
    if silent:
        ids = ", ".join(dict.fromkeys(row.id for row in silent))
        click.echo(text("commands.marking.not_all", ids=ids), err=True)


def _mark(
    file: Path, plan: Plan, rows: tuple[Finding, ...], team: str, ticket: str, codes: tuple[str, ...] = ()
) -> None:
    """Write down that `team` was asked for its part of `rows` and of the follow-ups of these codes, today."""
    from datetime import date

    from vmm_wizard.plan.rows import ASKED

    today = date.today().isoformat()  # noqa: DTZ011 - the day on the admin's own calendar
    new = {}
    for name, subject in (*((row.id, row.subject) for row in rows), *((code, "") for code in codes)):
        texts = {"id": name, "subject": subject, "team": team, "ticket": ticket, "on": today}
        try:
            asked = ASKED.parse(texts)
        except ValueError as error:
            refuse(f"--mark: {error}")
        new[ASKED.key(asked)] = asked
    if not new:
        return
    kept = (row for row in plan.asked if ASKED.key(row) not in new)
    write_plan(file, replace(plan, asked=(*kept, *new.values())))
    click.echo(text("commands.marking.marked", file=file, number=len(new), ticket=ticket), err=True)


def write_plan(file: Path, plan: Plan) -> None:
    """Write `plan` into its answer file, whose comments stay; refuses where that cannot be done."""
    from vmm_wizard.plan.saving import save, updated

    try:
        if updated(file.read_bytes().decode("utf-8-sig"), plan, {}) is None:
            refuse(text("commands.marking.comments", file=file))
        save(plan, file)
    except OSError as error:
        refuse(text("commands.shared.cannot_be_written", path=file, reason=error.strerror))
