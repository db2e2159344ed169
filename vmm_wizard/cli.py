"""argv -> one call: guards, exit codes, and the only module that prints to standard output.

Exit codes: 0 good (warnings allowed, or nothing to do), 1 at least one fail, or install refused by preflight, 2 bad
usage or file, or a secret or confirmation missing without a terminal, 3 no fail but something unknown, 4 install
failed, 5 cancelled or detached.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from vmm_wizard import __version__

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.secrets import Secrets

F = TypeVar("F", bound=Callable[..., Any])

GOOD, FAILED, USAGE, UNKNOWN, INSTALL_FAILED, CANCELLED = range(6)


def refuse(*sentences: str, code: int = USAGE) -> NoReturn:
    """End with one sentence a line on standard error."""
    for sentence in sentences:
        click.echo(f"vmm-wizard: {sentence}", err=True)
    raise SystemExit(code)


class _WizardGroup(click.Group):
    """`vmm-wizard FILE` is `vmm-wizard wizard FILE`: what is no command is an answer file."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and (args[0].endswith(".toml") or Path(args[0]).exists()):
            return "wizard", self.commands["wizard"], args
        return super().resolve_command(ctx, args)


_book = click.option(
    "--address-book",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="VMM_WIZARD_ADDRESS_BOOK",
    help="Where hosts are, instead of DNS (a practice estate writes one).",
)
_secrets = click.option(
    "--secrets",
    "secrets_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="VMM_WIZARD_SECRETS",
    help="TOML file with an [accounts] table of passwords, readable by you alone.",
)
_unused_book = click.option(
    "--address-book",
    type=click.Path(path_type=Path, dir_okay=False),
    expose_value=False,
    help="Taken by every command; this one asks no host.",
)
_answers = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_json = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


@click.group(
    cls=_WizardGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 good, 1 a check fails, 2 bad usage or file, 3 something is unknown, "
    "4 the install failed, 5 cancelled.",
)
@click.version_option(__version__, prog_name="vmm-wizard")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Install a highly available System Center VMM management server, and know before that it will work.

    Without a command it opens the wizard; `vmm-wizard FILE` opens it on an answer file.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(wizard)


# --- what several commands need


def _load(file: Path, complete: bool = True) -> Plan:
    from vmm_wizard.plan.answers import AnswersError, load

    try:
        return load(file, complete=complete)
    except AnswersError as error:
        refuse(*(str(mistake) for mistake in error.mistakes))


def _addresses(book: Path | None) -> Addresses:
    from vmm_wizard.addresses import AddressBookError, open_addresses

    try:
        return open_addresses(book)
    except AddressBookError as error:
        refuse(str(error))


def _read_secrets(file: Path | None) -> Secrets:
    from vmm_wizard import log
    from vmm_wizard.plan.secrets import Secrets, SecretsError, load_secrets

    if file is None:
        return Secrets()
    try:
        secrets = load_secrets(file)
    except SecretsError as error:
        refuse(str(error))
    for secret in secrets.values():
        log.mask(secret.reveal())
    return secrets


def _interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask_missing(plan: Plan, secrets: Secrets) -> None:
    """Ask on the terminal for each password that is not known yet; an empty answer leaves it unknown."""
    from vmm_wizard import log
    from vmm_wizard.plan.secrets import Secret

    for account in plan.accounts:
        if account not in secrets:
            text = click.prompt(f"Password of {account}", hide_input=True, default="", show_default=False, err=True)
            log.mask(text)
            secrets.put(account, Secret(text))


def _open_log() -> None:
    from vmm_wizard import log, paths

    try:
        log.open_log(paths.log_file())
    except OSError:
        # No place to write a log is no reason not to work.
        return


# --- commands


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@_book
@_secrets
def wizard(file: Path | None, address_book: Path | None, secrets_file: Path | None) -> None:
    """Open the wizard (also: vmm-wizard FILE)."""
    reason = terminal_reason(sys.stdin.isatty() and sys.stdout.isatty(), os.environ.get("TERM", ""), os.name)
    if reason:
        refuse(reason)
    addresses = _addresses(address_book)
    secrets = _read_secrets(secrets_file)
    _open_log()
    from vmm_wizard.tui.app import run_wizard

    raise SystemExit(run_wizard(file, addresses, secrets))


def terminal_reason(is_terminal: bool, term: str, os_name: str) -> str:
    """Why the wizard cannot be shown here, naming the command that does the same without a terminal; "" when it can."""
    instead = "use `vmm-wizard check FILE` and `vmm-wizard install FILE --yes` instead"
    if not is_terminal:
        return f"the wizard needs a terminal, and this is not one: {instead}"
    if term in ("dumb", "unknown") or (not term and os_name == "posix"):
        return f"the wizard needs a terminal that can move its cursor (TERM is {term or 'not set'}): {instead}"
    return ""


@cli.command()
@_answers
@_json
@click.option("--all", "everything", is_flag=True, help="Show what is good and what does not apply, too.")
@click.option(
    "--rehearse",
    is_flag=True,
    help="Also run the rehearsal task on each node (RUN-02): stores a password there while it runs.",
)
@_book
@_secrets
def check(
    file: Path,
    as_json: bool,
    everything: bool,
    rehearse: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Judge an answer file against the estate, changing nothing."""
    plan = _load(file)
    addresses = _addresses(address_book)
    secrets = _read_secrets(secrets_file)
    if _interactive() and not as_json:
        _ask_missing(plan, secrets)
    _open_log()
    from vmm_wizard.preflight import Preflight
    from vmm_wizard.report import findings as report

    last = None
    shown = sys.stderr.isatty() and not as_json
    for update in Preflight(secrets, addresses).run(plan, rehearse=rehearse):
        last = update
        if shown and update.waiting:
            click.echo(f"\r\x1b[Kasking {len(update.waiting)}: {', '.join(update.waiting)[:60]}", err=True, nl=False)
    if shown:
        click.echo("\r\x1b[K", err=True, nl=False)
    assert last is not None
    if as_json:
        click.echo(report.as_json(plan, last.findings))
    else:
        for line in report.as_text(plan, last.findings, _width(), everything):
            click.echo(line)
    raise SystemExit(report.exit_code(last.findings))


def _width() -> int:
    import shutil

    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 120)


@cli.command()
@_answers
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write into; one folder a node is made in it.",
)
@_unused_book
def emit(file: Path, output: Path) -> None:
    """Write VMServer.ini and the command line of each node, without any secret."""
    plan = _load(file)
    from vmm_wizard.setup.emit import emit_files

    try:
        files = emit_files(plan)
    except ValueError as error:
        refuse(f"{file}: {error}")
    for name, content in files.items():
        path = output / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            refuse(f"{path}: cannot be written ({error.strerror})")
        click.echo(str(path))


@cli.command()
@click.argument("check_id", required=False, metavar="[ID]")
@_unused_book
def explain(check_id: str | None) -> None:
    """List the checks, or say of one what it asks, why, and how to mend it."""
    from vmm_wizard.checks.explain import UnknownCheckError, explanations
    from vmm_wizard.checks.explain import explain as explain_one
    from vmm_wizard.report.explanation import lines_of

    if check_id is None:
        for entry in explanations():
            click.echo(f"{entry.id:<8} {entry.title}")
        click.echo("\nvmm-wizard explain ID tells more.")
        return
    try:
        explanation = explain_one(check_id)
    except UnknownCheckError as error:
        refuse(str(error.args[0]))
    for line in lines_of(explanation, _width()):
        click.echo(line)


@cli.command()
@_answers
@_json
@click.option("--yes", is_flag=True, help="Ask nothing: rehearse, install, and go on although something is unknown.")
@_book
@_secrets
def install(file: Path, as_json: bool, yes: bool, address_book: Path | None, secrets_file: Path | None) -> None:
    """Install VMM on the nodes of an answer file, one after another; run again, it goes on where it was cut off."""
    plan = _load(file)
    addresses = _addresses(address_book)
    secrets = _read_secrets(secrets_file)
    if not plan.registration.eula_accepted:
        refuse(f"{file}: registration.eula_accepted is false, and setup will not run without it")
    if _interactive() and not as_json:
        _ask_missing(plan, secrets)
    from vmm_wizard.install.engine import Installer, missing_secrets

    missing = missing_secrets(plan, secrets)
    if missing:
        refuse(f"the password of {', '.join(map(str, missing))} is missing: give --secrets FILE")
    if not yes:
        if as_json or not _interactive():
            refuse("without a terminal, install wants --yes")
        names = ", ".join(str(node) for node in plan.nodes)
        click.echo(
            f"VMM will be installed on {names}. A rehearsal and setup run as scheduled tasks there, which store",
            err=True,
        )
        click.echo(f"the password of {plan.installing_account} on the node while they run.", err=True)
        if not click.confirm("Go on?", err=True):
            refuse("cancelled", code=CANCELLED)
    _open_log()
    from vmm_wizard import paths
    from vmm_wizard.install.journal import Journal, JournalError
    from vmm_wizard.preflight import Preflight
    from vmm_wizard.report import run as report

    cancel = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: cancel.set())

    def confirm(unknowns: tuple[Finding, ...]) -> bool:
        return yes or click.confirm(f"Unknown: {', '.join(row.id for row in unknowns)}. Go on?", err=True)

    result = "failed"
    try:
        installer = Installer(
            plan, secrets, Preflight(secrets, addresses), Journal(paths.journal_file()), paths.state_folder(), confirm
        )
        shown = sys.stdout.isatty()
        for event in installer.run(cancel):
            if as_json:
                click.echo(report.as_json(event))
            elif shown or not report.is_progress(event):
                for line in report.lines_of(event, _width()):
                    click.echo(line)
            result = getattr(event, "result", result)
    except JournalError as error:
        refuse(str(error), code=INSTALL_FAILED)
    codes = {"installed": GOOD, "unchanged": GOOD, "refused": FAILED, "failed": INSTALL_FAILED, "cancelled": CANCELLED}
    raise SystemExit(codes[result])


@cli.command()
@_book
def doctor(address_book: Path | None) -> None:
    """Say what this computer would use to reach directory, SQL Server and nodes, and what it lacks."""
    from vmm_wizard.facts.local import examine

    if address_book is not None:
        _addresses(address_book)
        click.echo(f"+ address book: {address_book}; nothing outside it is looked up or connected to")
    for row in examine():
        click.echo(f"{'+' if row.good else '!'} {row.name}: {row.text}")
        if row.remedy:
            click.echo(f"    -> {row.remedy}")


# --- the practice estate


@cli.group(invoke_without_command=True)
@click.option("--scenario", default="", metavar="NAME", help="An estate with a fault to find; see --list.")
@click.option("--speed", default=60.0, show_default=True, help="How much faster than real: 60 is 20 seconds a node.")
@click.option("--list", "list_scenarios", is_flag=True, help="List the scenarios and what there is to find.")
@click.pass_context
def lab(ctx: click.Context, scenario: str, speed: float, list_scenarios: bool) -> None:
    """Practise: serve an estate on this computer and open the wizard on it."""
    if list_scenarios:
        from vmm_wizard.lab.scenarios import all_scenarios

        for entry in all_scenarios():
            click.echo(f"{entry.name:<26} {entry.title}")
        ctx.exit(GOOD)
    if ctx.invoked_subcommand is not None:
        return
    reason = terminal_reason(sys.stdin.isatty() and sys.stdout.isatty(), os.environ.get("TERM", ""), os.name)
    if reason:
        refuse(reason, "the estate without the wizard: vmm-wizard lab serve --dir DIR")
    _verify_scenario(scenario, speed)
    _open_log()
    from vmm_wizard.lab.process import EstateNotServed, start_estate

    with tempfile.TemporaryDirectory(prefix="vmm-wizard-lab-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        click.echo("starting the practice estate ...", err=True)
        try:
            estate = start_estate(place, scenario, speed)
        except EstateNotServed as error:
            refuse(str(error))
        try:
            book = _addresses(place / "address-book.toml")
            secrets = _read_secrets(place / "credentials.toml")
            from vmm_wizard.tui.app import run_wizard

            # Runs on a practice estate are of no use once it is gone.
            os.environ["VMM_WIZARD_STATE"] = str(place / "state")
            code = run_wizard(place / "practice.toml", book, secrets)
        finally:
            estate.terminate()
            estate.wait(10)
    raise SystemExit(code)


def _verify_scenario(name: str, speed: float) -> None:
    from vmm_wizard.lab.scenarios import ScenarioError
    from vmm_wizard.lab.scenarios import scenario as find

    if not 0 < speed < float("inf"):
        refuse(f"--speed {speed:g}: expected a number above 0")
    if name:
        try:
            find(name)
        except ScenarioError as error:
            refuse(str(error))


@lab.command()
@click.option(
    "--dir",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where address-book.toml, credentials.toml and state.json are written.",
)
@click.option("--scenario", default="", metavar="NAME", help="An estate with a fault to find.")
@click.option("--speed", default=1.0, show_default=True, help="How much faster than real: 60 is 20 seconds a node.")
def serve(folder: Path, scenario: str, speed: float) -> None:
    """Serve the practice estate until it is stopped."""
    _verify_scenario(scenario, speed)
    from vmm_wizard.lab.process import EstateNotServed, serve_estate

    stop = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())

    def ready() -> None:
        click.echo(f"serving contoso.lab; the address book is {folder / 'address-book.toml'}")

    try:
        serve_estate(folder, scenario, speed, stop, ready)
    except EstateNotServed as error:
        refuse(str(error))


def main() -> NoReturn:
    """Run the command line; never shows a traceback."""
    if hasattr(sys.stdout, "reconfigure"):
        # A Windows console or a pipe may have a code page that lacks a letter of a name: show a mark, do not break.
        sys.stdout.reconfigure(errors="backslashreplace")
        sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        cli.main(standalone_mode=False, prog_name="vmm-wizard")
    except click.exceptions.Abort:
        refuse("cancelled", code=CANCELLED)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        refuse("cancelled", code=CANCELLED)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(GOOD) from None
    except Exception as error:
        from vmm_wizard import log

        _open_log()
        import logging

        logging.getLogger("vmm_wizard").exception("unexpected error")
        text = log.masked(f"{type(error).__name__}: {error}")
        refuse(f"unexpected error ({text}); the log file has the details", code=INSTALL_FAILED)
    raise SystemExit(GOOD)
