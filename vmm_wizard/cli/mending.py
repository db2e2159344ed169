"""The command that mends what a check has found: `fix`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
    CANCELLED,
    FAILED,
    GOOD,
    answers_argument,
    ask_missing,
    book_option,
    find_addresses,
    is_interactive,
    load_plan,
    open_log,
    read_secrets,
    refuse,
    secrets_option,
    width,
)
from vmm_wizard.texts import counted, text

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.mending.mend import Mender
    from vmm_wizard.mending.model import Offer


@command()
@click.argument("check_id", metavar="ID")
@answers_argument
@option("--subject", default="", metavar="NODE", said="commands.mending.options.subject")
@option("--yes", is_flag=True, said="commands.mending.options.yes")
@book_option
@secrets_option
def fix(
    check_id: str, file: Path, subject: str, yes: bool, address_book: Path | None, secrets_file: Path | None
) -> None:
    """Mend what check ID finds, where the plan's accounts may: show it, ask, do it, check again."""
    from vmm_wizard.mending.offers import mendable

    check_id = check_id.upper()
    if check_id not in mendable():
        refuse(
            text("commands.mending.cannot", check_id=check_id, mendable=", ".join(mendable())),
            text("commands.mending.explain", check_id=check_id),
        )
    plan = load_plan(file)
    addresses = find_addresses(address_book)
    secrets = read_secrets(secrets_file)
    if is_interactive():
        ask_missing(plan.accounts, secrets)
    elif not yes:
        refuse(text("commands.shared.wants_yes", job="fix"))
    open_log()
    from vmm_wizard import paths
    from vmm_wizard.install.activity import RunActive, beside_no_run, ended_runs
    from vmm_wizard.install.journal import Journal, JournalError
    from vmm_wizard.mending.mend import Mender
    from vmm_wizard.preflight import Preflight

    preflight = Preflight(secrets, addresses)
    try:
        with beside_no_run(plan, paths.state_folder()):
            over = ended_runs(Journal(paths.journal_file()))
            mender = Mender(plan, preflight, over)
            code = _mended(mender, check_id, subject, yes)
    except (RunActive, JournalError) as reason:
        refuse(str(reason), code=FAILED)
    finally:
        preflight.kept.close()
    raise SystemExit(code)


def _mended(mender: Mender, check_id: str, subject: str, yes: bool) -> int:
    """Look, offer, ask, do, look again; the exit code."""
    from vmm_wizard.mending.mend import WRONG

    findings = mender.look(check_id, subject)
    if not findings:
        refuse(text("commands.mending.no_subject", check_id=check_id, subject=subject))
    wrong = [row for row in findings if row.status in WRONG]
    if not wrong:
        _show(findings)
        return FAILED if any(row.status == "unknown" for row in findings) else GOOD
    _show(wrong)
    offers = [made for row in wrong if (made := _offered(mender, row)) is not None]
    if not offers:
        return FAILED
    if not yes and not click.confirm(counted("commands.mending.changes", len(offers)), err=True):
        refuse(text("commands.shared.cancelled"), code=CANCELLED)
    return _carried_out(mender, offers, check_id, subject)


def _show(findings: list[Finding] | tuple[Finding, ...]) -> None:
    from vmm_wizard.report import findings as report

    for finding in findings:
        for line in report.lines_of(finding, width()):
            click.echo(line)


def _offered(mender: Mender, finding: Finding) -> Offer | None:
    """The offer for one finding, shown; None with the reason on standard error when there is none."""
    from vmm_wizard.mending.model import Refusal
    from vmm_wizard.printable import printable
    from vmm_wizard.report import mending as report

    made = mender.offer(finding)
    if isinstance(made, Refusal):
        how = "about" if made.subject else "all"
        said = text(f"commands.mending.refused.{how}", check_id=made.check_id, subject=made.subject, reason=made.reason)
        click.echo(printable(said), err=True)
        return None
    click.echo()
    for line in report.lines_of(made, width()):
        click.echo(line)
    return made


def _carried_out(mender: Mender, offers: list[Offer], check_id: str, subject: str) -> int:
    """Do all that was offered, look again, and say what is so now; the exit code."""
    from vmm_wizard.mending.directory import ChangeRefused
    from vmm_wizard.mending.mend import WRONG
    from vmm_wizard.printable import printable

    for made in offers:
        try:
            mender.carry_out(made)
        except ChangeRefused as refused:
            click.echo(printable(f"vmm-wizard: {refused}"), err=True)
    sys.stderr.flush()
    click.echo()
    findings = mender.look(check_id, subject)
    _show(findings)
    still = [row for row in findings if row.status in WRONG or row.status == "unknown"]
    return FAILED if still else GOOD
