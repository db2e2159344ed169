"""The commands about runs: runs, attach, resume."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.jobs import EXIT_CODES, Door, ask_passwords, ask_to_go_on, carry_out, say, yes_option
from vmm_wizard.cli.locks import break_cluster_lock
from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
    CANCELLED,
    FAILED,
    GOOD,
    UNKNOWN,
    ask_missing,
    book_option,
    cancelled_by_signals,
    find_addresses,
    is_interactive,
    json_option,
    open_log,
    read_secrets,
    refuse,
    secrets_option,
    width,
)
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from threading import Event

    from vmm_wizard.addresses import Addresses
    from vmm_wizard.install.events import Event as RunEvent
    from vmm_wizard.install.journal import Journal, Run
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.names import AccountName
    from vmm_wizard.plan.secrets import Secret, Secrets
    from vmm_wizard.report.runs import ListedRun

run_argument = click.argument("run_id", metavar="RUN")


def open_journal() -> Journal:
    """The journal of this user; refuses where it cannot be read."""
    from vmm_wizard import paths
    from vmm_wizard.install.journal import Journal, JournalError

    try:
        return Journal(paths.journal_file())
    except JournalError as error:
        refuse(str(error))


def chosen_run(journal: Journal, word: str) -> Run:
    """The run that a user named; refuses where there is none."""
    from vmm_wizard.install.journal import JournalError
    from vmm_wizard.install.runs import NoSuchRun, find_run

    try:
        return find_run(journal, word)
    except (NoSuchRun, JournalError) as error:
        refuse(str(error))


def plan_of(run: Run) -> Plan:
    """The answers that a run keeps; refuses those that this version cannot read."""
    from vmm_wizard.plan.answers import AnswersError, loads

    try:
        return loads(run.plan_toml, text("commands.runs.answers", run=run.id))
    except AnswersError as error:
        refuse(*(str(mistake) for mistake in error.mistakes))


def listed(journal: Journal, run: Run) -> ListedRun:
    """A run with where it stands."""
    from vmm_wizard import paths
    from vmm_wizard.install.holding import carried_out
    from vmm_wizard.install.runs import UNFINISHED, standing
    from vmm_wizard.plan.answers import AnswersError, loads
    from vmm_wizard.report.runs import ListedRun

    target = run.order.target
    cluster, nodes, at_work = "", run.order.nodes or ((target,) if target else ()), False
    try:
        plan = loads(run.plan_toml, text("commands.runs.answers", run=run.id))
    except AnswersError:
        # It was another version's, maybe: the run is listed all the same.
        pass
    else:
        cluster, nodes = str(plan.cluster.name), nodes or tuple(node.key for node in plan.nodes)
        at_work = run.outcome in UNFINISHED and carried_out(plan, paths.state_folder()) == run.id
    stands = standing(journal.steps(run.id)) if run.outcome in UNFINISHED else None
    return ListedRun(run, cluster, nodes, stands, at_work)


@command()
@click.argument("run_id", metavar="[RUN]", required=False)
@option(
    "--break-lock",
    "locked_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    said="commands.runs.options.break_lock",
)
@yes_option
@json_option
@book_option
@secrets_option
def runs(
    run_id: str | None,
    locked_file: Path | None,
    yes: bool,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """List the runs that were begun here, newest first, or show one in full."""
    if locked_file is not None:
        if run_id is not None:
            refuse(text("commands.runs.without_run"))
        break_cluster_lock(locked_file, address_book, secrets_file, Door(as_json, yes))
        return
    from vmm_wizard.install.journal import JournalError
    from vmm_wizard.report import runs as report

    journal = open_journal()
    try:
        if run_id is None:
            rows = [listed(journal, run) for run in journal.runs()]
            lines = [report.list_as_json(rows)] if as_json else report.list_as_text(rows)
        else:
            run = chosen_run(journal, run_id)
            row, steps, told = listed(journal, run), journal.steps(run.id), journal.told(run.id)
            full = report.run_as_text(row, steps, told, width())
            lines = [report.run_as_json(row, steps, told)] if as_json else full
    except JournalError as error:
        refuse(str(error))
    for line in lines:
        click.echo(line)


@command()
@run_argument
@yes_option
@option(
    "--end-setup",
    is_flag=True,
    said="commands.runs.options.end_setup",
)
@json_option
@book_option
@secrets_option
def resume(
    run_id: str, yes: bool, end_setup: bool, as_json: bool, address_book: Path | None, secrets_file: Path | None
) -> None:
    """Go on with a run that was interrupted, with the answers that it was begun with."""
    from vmm_wizard.install.runs import obstacle

    journal = open_journal()
    run = chosen_run(journal, run_id)
    over = obstacle(journal, run)
    if over:
        refuse(over, code=GOOD if run.outcome in ("installed", "done", "unchanged") else FAILED)
    plan = plan_of(run)
    door = Door(as_json, yes)
    addresses, secrets = find_addresses(address_book), read_secrets(secrets_file)
    ask_passwords(plan, secrets, door, run.job, by_hand=run.order.by_hand)
    row = listed(journal, run)
    where = text("commands.runs.stands", standing=row.standing) if row.standing else text("commands.runs.nothing_begun")
    if end_setup:
        _confirm_end(journal, run, door)
        carry_out(plan, secrets, addresses, run.order, door, end_setup=True)
    ask_to_go_on(
        door, "resume", text("commands.runs.goes_on", run=run.id, job=run.job, nodes=", ".join(row.nodes)), where
    )
    carry_out(plan, secrets, addresses, run.order, door)


def _confirm_end(journal: Journal, run: Run, door: Door) -> None:
    """Ask for the name of the node whose setup is to be ended; refuses where none is open, or nobody can be asked."""
    nodes = journal.open_nodes(run.id)
    if not nodes:
        refuse(text("commands.runs.nothing_to_end", run=run.id), code=FAILED)
    if door.yes:
        return
    if door.as_json or not is_interactive():
        refuse(text("commands.shared.wants_yes", job="resume --end-setup"))
    click.echo(text("commands.runs.will_be_ended", run=run.id, nodes=", ".join(nodes)), err=True)
    for node in nodes:
        if click.prompt(text("commands.runs.type_name", node=node), err=True).strip().casefold() != node:
            refuse(text("commands.shared.cancelled"), code=CANCELLED)


@command()
@run_argument
@json_option
@book_option
@secrets_option
def attach(run_id: str, as_json: bool, address_book: Path | None, secrets_file: Path | None) -> None:
    """Follow a run that another process carries out; Ctrl+C leaves it alone, and the run goes on."""
    from vmm_wizard import paths
    from vmm_wizard.install.holding import carried_out
    from vmm_wizard.install.journal import JournalError
    from vmm_wizard.install.stopping import where_to_stop
    from vmm_wizard.report import run as report

    journal = open_journal()
    run = chosen_run(journal, run_id)
    _leave_if_over(run)
    plan, stop = plan_of(run), cancelled_by_signals()
    open_log()

    def is_carried_out() -> bool:
        return carried_out(plan, paths.state_folder()) == run.id

    stands = listed(journal, run).standing
    if stands is not None and not as_json:
        click.echo(f"vmm-wizard: {stands}; {where_to_stop(stands.step, stands.node)}", err=True)
    try:
        if is_carried_out():
            _follow(journal, run, is_carried_out, stop, as_json)
            _leave_if_over(journal.run(run.id))
        click.echo(text("commands.runs.nobody", run=run.id), err=True)
        addresses, secrets = find_addresses(address_book), read_secrets(secrets_file)
        if is_interactive() and not as_json:
            ask_missing((plan.node_account,), secrets)
        if plan.node_account not in secrets:
            refuse(text("commands.shared.password_missing", account=plan.node_account))
        for event in _read_nodes(journal, run, plan, secrets, addresses, stop):
            say([report.as_json(event)] if as_json else _shown(event), stop.set)
    except JournalError as error:
        refuse(str(error))
    if stop.is_set():
        refuse(text("commands.runs.detached", run=run.id), code=CANCELLED)
    refuse(text("commands.runs.resume", run=run.id), code=UNKNOWN)


def _follow(journal: Journal, run: Run, is_carried_out: Callable[[], bool], stop: Event, as_json: bool) -> None:
    """Show what another process tells of the run; ends with its exit code, or when it is gone without a last word."""
    from vmm_wizard.install.runs import calls, follow
    from vmm_wizard.printable import printable_json
    from vmm_wizard.report.runs import lines_of_told

    past, _ = calls(journal, run.id)
    for row in follow(journal, run.id, is_carried_out, stop, past[-1].number if past else 0):
        document = {"at": row.at.isoformat(), **row.event}
        lines = [printable_json(json.dumps(document, ensure_ascii=False))]
        say(lines if as_json else lines_of_told(row, width(), in_full=sys.stdout.isatty()), stop.set)
        if row.event.get("event") == "finished":
            raise SystemExit(EXIT_CODES.get(str(row.event.get("result")), GOOD))
    if stop.is_set():
        refuse(text("commands.runs.detached_goes_on", run=run.id), code=CANCELLED)


def _leave_if_over(run: Run) -> None:
    """Say how a run ended, and end with its exit code."""
    from vmm_wizard.install.runs import UNFINISHED

    if run.outcome not in UNFINISHED:
        click.echo(text("commands.runs.over", run=run.id, outcome=run.outcome), err=True)
        raise SystemExit(EXIT_CODES.get(run.outcome, GOOD))


def _shown(event: RunEvent) -> list[str]:
    from vmm_wizard.report import run as report

    return report.lines_of(event, width()) if sys.stdout.isatty() or not report.is_progress(event) else []


def _read_nodes(
    journal: Journal, run: Run, plan: Plan, secrets: Secrets, addresses: Addresses, stop: Event
) -> Iterator[RunEvent]:
    """How the run's work stands on each node where something of it may be, until it has ended there."""
    from vmm_wizard.addresses import AddressError
    from vmm_wizard.install.context import open_task
    from vmm_wizard.install.endings import Pace
    from vmm_wizard.install.events import Notice
    from vmm_wizard.install.observing import observe
    from vmm_wizard.remote.errors import Cancelled, RemoteError

    def password(account: AccountName) -> Secret:
        secret = secrets.get(account)
        assert secret is not None
        return secret

    nodes = journal.open_nodes(run.id)
    if not nodes:
        yield Notice("", text("commands.runs.nothing_left", run=run.id))
    for node in nodes:
        task = None
        try:
            task = open_task(plan, node, run.id, password, addresses, stop)
            said = yield from observe(node, journal.attempt(run.id, node)["stage"], task, Pace())
            yield Notice(node, said)
        except Cancelled:
            return
        except (RemoteError, AddressError) as error:
            yield Notice(node, text("commands.runs.unread", node=node, error=error))
        finally:
            if task is not None:
                task.close()
