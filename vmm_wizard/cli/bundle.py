"""`vmm-wizard bundle RUN`: everything about one run in one file, for whoever helps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.runs import chosen_run, listed, open_journal, plan_of, run_argument
from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
    ask_estate,
    ask_missing,
    book_option,
    find_addresses,
    is_interactive,
    open_log,
    read_secrets,
    refuse,
    secrets_option,
)
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.install.journal import Journal, Run
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.names import AccountName
    from vmm_wizard.plan.secrets import Secret, Secrets
    from vmm_wizard.preflight import Update
    from vmm_wizard.report.bundle import Part

#: Seconds that one call to a node may take.
_CALL_SECONDS = 60.0


@command()
@run_argument
@option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.zip",
    said="commands.bundle.options.output",
)
@book_option
@secrets_option
def bundle(run_id: str, output: Path | None, address_book: Path | None, secrets_file: Path | None) -> None:
    """Put everything about one run into a zip, with passwords and product keys masked."""
    from vmm_wizard import log
    from vmm_wizard.install.journal import JournalError
    from vmm_wizard.report import bundle as report

    journal = open_journal()
    run = chosen_run(journal, run_id)
    plan = plan_of(run)
    path = output or Path(f"vmm-wizard-{run.id}.zip")
    if path.exists():
        refuse(text("commands.bundle.there_already", path=path))
    addresses, secrets = find_addresses(address_book), read_secrets(secrets_file)
    if is_interactive():
        ask_missing(plan.accounts, secrets)
    log.mask(plan.registration.product_key)
    open_log()
    gaps: list[str] = []
    try:
        parts = [*_of_journal(journal, run), *_of_plan(plan, run, gaps), *_own_log(gaps)]
    except JournalError as error:
        refuse(str(error))
    update = ask_estate(plan, secrets, addresses)
    parts += _of_estate(plan, update)
    parts += _of_nodes(plan, run, secrets, addresses, gaps)
    made = f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}"
    content = report.bundle(parts, gaps, made)
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
    except OSError as error:
        refuse(text("commands.shared.cannot_be_written", path=path, reason=error.strerror))
    for gap in gaps:
        click.echo(f"! {report.clean(gap)}", err=True)
    click.echo(str(path))


def _of_journal(journal: Journal, run: Run) -> Iterator[Part]:
    from vmm_wizard.report import runs as report
    from vmm_wizard.report.bundle import Part, events_part

    row, steps, told = listed(journal, run), journal.steps(run.id), journal.told(run.id)
    yield Part("summary.txt", "\n".join(report.run_as_text(row, steps, told, 120)).encode())
    yield Part("run.json", report.run_as_json(row, steps, ()).encode())
    yield events_part(told)


def _of_plan(plan: Plan, run: Run, gaps: list[str]) -> Iterator[Part]:
    from vmm_wizard.report.bundle import Part
    from vmm_wizard.setup.emit import emit_files

    yield Part("plan.toml", run.plan_toml.encode())
    try:
        for name, content in emit_files(plan).items():
            yield Part(f"setup-files/{name}", content)
    except ValueError as error:
        gaps.append(text("commands.bundle.answer_files", error=error))


def _own_log(gaps: list[str]) -> Iterator[Part]:
    from vmm_wizard import paths
    from vmm_wizard.report.bundle import LOG_MOST, Part

    file = paths.log_file()
    for found in sorted(file.parent.glob(f"{file.name}*")):
        try:
            content = found.read_bytes()
        except OSError as error:
            gaps.append(text("commands.bundle.cannot_be_read", path=found, reason=error.strerror))
        else:
            yield Part(f"log/{found.name}", content[-LOG_MOST:], cut=len(content) > LOG_MOST)


def _of_estate(plan: Plan, update: Update) -> Iterator[Part]:
    import platform
    from importlib import metadata

    from vmm_wizard import __version__
    from vmm_wizard.report import findings as report
    from vmm_wizard.report.bundle import Part, versions_part

    yield Part("findings.json", report.as_json(plan, update.findings).encode())
    here = {"vmm-wizard": __version__, "python": platform.python_version(), "system": platform.platform()}
    for name in ("ldap3", "python-tds", "pywinrm", "pypsrp", "pyspnego", "cryptography", "textual"):
        try:
            here[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            here[name] = ""
    yield versions_part(here, update.facts)


def _of_nodes(plan: Plan, run: Run, secrets: Secrets, addresses: Addresses, gaps: list[str]) -> Iterator[Part]:
    """Setup's logs from each machine of the run that answers."""
    from vmm_wizard.addresses import AddressError
    from vmm_wizard.remote.errors import LogonRefused, RemoteError

    if plan.node_account not in secrets:
        gaps.append(text("commands.bundle.no_password", account=plan.node_account))
        return
    for node in run.order.nodes or tuple(row.key for row in plan.nodes):
        try:
            yield from _of_node(plan, node, secrets, addresses, gaps)
        except LogonRefused as error:
            # The others would refuse the same password, and count it.
            gaps.append(text("commands.bundle.logs_and_after", node=node, error=error))
            return
        except (RemoteError, AddressError) as error:
            gaps.append(text("commands.bundle.logs", node=node, error=error))


def _of_node(plan: Plan, node: str, secrets: Secrets, addresses: Addresses, gaps: list[str]) -> Iterator[Part]:
    from vmm_wizard.install.context import node_connector
    from vmm_wizard.remote.setup_logs import fetch_log, list_logs
    from vmm_wizard.report.bundle import LOG_MOST, NODE_MOST, Part, node_log_name

    def password(account: AccountName) -> Secret:
        secret = secrets.get(account)
        assert secret is not None
        return secret

    connect, _ = node_connector(plan, node, password, addresses)
    session = connect(time.monotonic() + _CALL_SECONDS, threading.Event())
    left = NODE_MOST
    try:
        # The run's own log first, whatever else there is.
        for row in sorted(list_logs(session, time.monotonic() + _CALL_SECONDS), key=lambda row: -_weight(row.name)):
            name = node_log_name(node, row.name)
            most = min(LOG_MOST, left)
            if not name or not most:
                gaps.append(
                    text(f"commands.bundle.left_out.{'too_many' if name else 'no_log'}", log=row.name, node=node)
                )
                continue
            content = fetch_log(session, row, most, time.monotonic() + _CALL_SECONDS)
            left -= len(content)
            yield Part(name, content, cut=row.length > most)
    finally:
        session.close()


def _weight(name: str) -> int:
    return 2 if name.casefold() == "setupwizard.log" else 1 if name.casefold().startswith("setupwizard") else 0
