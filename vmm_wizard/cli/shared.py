"""What several commands share: exit codes, options, and how answers, addresses and passwords are read."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from vmm_wizard.cli.said import option
from vmm_wizard.printable import printable
from vmm_wizard.texts import text
from vmm_wizard.tui.terminals import CHOICES, VARIABLE

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.names import AccountName
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.preflight import Update

GOOD, FAILED, USAGE, UNKNOWN, INSTALL_FAILED, CANCELLED = range(6)


def refuse(*sentences: str, code: int = USAGE) -> NoReturn:
    """End with one sentence a line on standard error."""
    for sentence in sentences:
        click.echo(f"vmm-wizard: {printable(sentence)}", err=True)
    raise SystemExit(code)


book_option = option(
    "--address-book",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="VMM_WIZARD_ADDRESS_BOOK",
    said="commands.options.address_book",
)
secrets_option = option(
    "--secrets",
    "secrets_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="VMM_WIZARD_SECRETS",
    said="commands.options.secrets",
)
unused_book_option = option(
    "--address-book",
    type=click.Path(path_type=Path, dir_okay=False),
    expose_value=False,
    said="commands.options.address_book_2",
)
plain_option = option(
    "--plain",
    is_flag=True,
    envvar="VMM_WIZARD_PLAIN",
    said="commands.options.plain",
)


def _keep_theme(ctx: click.Context, param: click.Parameter, value: str | None) -> None:  # noqa: ARG001
    if value:
        os.environ[VARIABLE] = value


theme_option = option(
    "--theme",
    type=click.Choice(CHOICES),
    envvar=VARIABLE,
    expose_value=False,
    callback=_keep_theme,
    said="commands.options.theme",
)
answers_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
json_option = option("--json", "as_json", is_flag=True, said="commands.options.json")


def load_plan(file: Path, complete: bool = True) -> Plan:
    from vmm_wizard.checks.acceptance import objections
    from vmm_wizard.plan.answers import AnswersError, load

    try:
        return load(file, complete=complete, rule=objections)
    except AnswersError as error:
        refuse(*(str(mistake) for mistake in error.mistakes))


def find_addresses(book: Path | None) -> Addresses:
    from vmm_wizard.addresses import AddressBookError, open_addresses

    try:
        return open_addresses(book)
    except AddressBookError as error:
        refuse(str(error))


def read_secrets(file: Path | None) -> Secrets:
    if file is None:
        # Who brings none need not load what reads them.
        from vmm_wizard.plan.known_secrets import Secrets

        return Secrets()
    from vmm_wizard import log
    from vmm_wizard.plan.secrets import STANDARD_INPUT, SecretsError, load_secrets, read_piped

    if str(file) == STANDARD_INPUT and sys.stdin.isatty():
        refuse(text("commands.shared.piped"))
    try:
        secrets = read_piped(sys.stdin.buffer) if str(file) == STANDARD_INPUT else load_secrets(file)
    except SecretsError as error:
        refuse(str(error))
    for secret in secrets.values():
        log.mask(secret.reveal())
    return secrets


def is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_missing(accounts: Iterable[AccountName], secrets: Secrets) -> None:
    """Ask on the terminal for each password that is not known yet; an empty answer leaves it unknown."""
    from vmm_wizard import log
    from vmm_wizard.plan.secrets import Secret

    for account in accounts:
        if account not in secrets:
            said = click.prompt(
                text("commands.shared.password", account=account),
                hide_input=True,
                default="",
                show_default=False,
                err=True,
            )
            log.mask(said)
            secrets.put(account, Secret(said))


def ask_estate(plan: Plan, secrets: Secrets, addresses: Addresses, *, rehearse: bool = False) -> Update:
    """Everything that is known once each probe has answered. Tells on a terminal's standard error what it waits for."""
    from vmm_wizard.preflight import Preflight

    last = None
    shown = sys.stderr.isatty()
    preflight = Preflight(secrets, addresses)
    try:
        for update in preflight.run(plan, rehearse=rehearse):
            last = update
            if shown and update.waiting:
                names = ", ".join(update.waiting)[:60]
                said = text("commands.shared.asking", number=len(update.waiting), names=names)
                click.echo(f"\r\x1b[K{said}", err=True, nl=False)
    finally:
        preflight.kept.close()
    if shown:
        click.echo("\r\x1b[K", err=True, nl=False)
    assert last is not None
    return last


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` as UTF-8; refuses where that cannot be done."""
    try:
        path.write_text(content, encoding="utf-8")
    except (OSError, ValueError) as error:
        refuse(text("commands.shared.cannot_be_written", path=path, reason=getattr(error, "strerror", None) or error))


def cancelled_by_signals() -> threading.Event:
    """A flag that Ctrl+C, the end of the terminal or a request to end sets. The second time we leave at once."""
    cancel = threading.Event()

    def stop(*_: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    return cancel


def speak_to_nobody() -> None:
    """Standard output goes nowhere from now on, because its reader went away (`| head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_log() -> None:
    from vmm_wizard import log, paths

    try:
        log.open_log(paths.log_file())
    except OSError:
        # No place to write a log is no reason not to work.
        return


def width() -> int:
    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 120)


def has_terminal() -> bool:
    """Whether all three streams are a terminal: Textual reads one, and draws on standard error where it can."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def has_size() -> bool:
    """Whether somebody says how large the terminal is: itself, or COLUMNS. A serial console often does not."""
    if os.environ.get("COLUMNS", "").isdecimal():
        return True
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns > 0
    except (OSError, ValueError):
        return True


def terminal_reason(is_terminal: bool, term: str, os_name: str, *, sized: bool = True) -> str:
    """Why the wizard cannot be shown here, naming the command that does the same without a terminal; "" when it can."""
    instead = text("commands.shared.instead")
    if not is_terminal:
        return text("commands.shared.no_terminal", instead=instead)
    if term in ("dumb", "unknown") or (not term and os_name == "posix"):
        return text("commands.shared.no_cursor", term=term or text("commands.shared.not_set"), instead=instead)
    if not sized:
        return text("commands.shared.no_size", instead=instead)
    return ""
