"""The practice estate on the command line: `lab` and `lab serve`."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.said import SaidGroup, option
from vmm_wizard.cli.shared import (
    GOOD,
    find_addresses,
    has_size,
    has_terminal,
    is_interactive,
    open_log,
    plain_option,
    read_secrets,
    refuse,
    terminal_reason,
    theme_option,
    width,
)
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.wizard.course import Learning


@click.group(cls=SaidGroup, invoke_without_command=True)
@option("--scenario", default="", metavar="NAME", said="commands.practice.options.scenario")
@option("--course", is_flag=True, said="commands.practice.options.course")
@option("--speed", default=60.0, show_default=True, said="commands.practice.options.speed")
@plain_option
@theme_option
@option("--list", "list_scenarios", is_flag=True, said="commands.practice.options.list")
@click.pass_context
def lab(ctx: click.Context, scenario: str, course: bool, speed: float, plain: bool, list_scenarios: bool) -> None:
    """Practise: serve an estate on this computer and open the wizard on it."""
    if course:
        _course(speed, plain=plain or bool(ctx.obj), only_list=list_scenarios)
        ctx.exit(GOOD)
    if list_scenarios:
        from vmm_wizard.lab.scenarios import all_scenarios

        for entry in all_scenarios():
            line = f"{entry.name:<30} {entry.title}"
            for part in textwrap.wrap(line, width(), subsequent_indent=" " * 31) if sys.stdout.isatty() else [line]:
                click.echo(part)
        ctx.exit(GOOD)
    if ctx.invoked_subcommand is not None:
        return
    raise SystemExit(_practise(scenario, speed, plain=plain or bool(ctx.obj)))


def _course(speed: float, *, plain: bool, only_list: bool) -> None:
    """List the lessons, or offer them where somebody is there to choose."""
    from vmm_wizard.cli import course
    from vmm_wizard.paths import course_file

    if only_list or not is_interactive():
        course.list_all(course_file())
        return
    course.go_on(course_file(), lambda learning, name: _practise(name, speed, learning, plain=plain))


def _practise(scenario: str, speed: float, learning: Learning | None = None, *, plain: bool) -> int:
    """Serve an estate and open the wizard on it; the wizard's exit code."""
    reason = "" if plain else terminal_reason(has_terminal(), os.environ.get("TERM", ""), os.name, sized=has_size())
    if reason:
        refuse(reason, text("commands.practice.without_wizard"))
    _verify_scenario(scenario, speed)
    open_log()
    from vmm_wizard.lab.process import EstateNotServed, start_estate

    before = os.environ.get("VMM_WIZARD_STATE")
    with tempfile.TemporaryDirectory(prefix="vmm-wizard-lab-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        click.echo(text("commands.practice.starting"), err=True)
        try:
            estate = start_estate(place, scenario, speed)
        except EstateNotServed as error:
            refuse(str(error))
        try:
            book = find_addresses(place / "address-book.toml")
            secrets = read_secrets(place / "credentials.toml")
            # Runs on a practice estate are of no use once it is gone.
            os.environ["VMM_WIZARD_STATE"] = str(place / "state")
            answers = place / "practice.toml"
            served = answers.read_bytes()
            code = _open(answers, book, secrets, learning, plain=plain)
            if learning is None and (gone := what_goes(answers, served)):
                click.echo(gone, err=True)
            return code
        finally:
            if before is None:
                os.environ.pop("VMM_WIZARD_STATE", None)
            else:
                os.environ["VMM_WIZARD_STATE"] = before
            estate.terminate()
            estate.wait(10)


def what_goes(answers: Path, served: bytes) -> str:
    """What to say of an answer file that was saved and goes with its estate; empty when it is as it was `served`."""
    if not answers.exists() or answers.read_bytes() == served:
        return ""
    return text("commands.practice.goes_away", answers=answers.name)


def _open(file: Path, book: Addresses, secrets: Secrets, learning: Learning | None, *, plain: bool) -> int:
    if plain:
        from vmm_wizard.plain.door import run_plain

        return run_plain(file, book, secrets, keeps=False, learning=learning)
    from vmm_wizard.tui.app import run_wizard

    return run_wizard(file, book, secrets, learning, practice=True)


def _verify_scenario(name: str, speed: float) -> None:
    from vmm_wizard.lab.scenarios import ScenarioError
    from vmm_wizard.lab.scenarios import scenario as find

    if not 0 < speed < float("inf"):
        refuse(text("commands.practice.speed", speed=speed))
    if name:
        try:
            find(name)
        except ScenarioError as error:
            refuse(str(error))


@lab.command()
@option(
    "--dir",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    said="commands.practice.options.dir",
)
@option("--scenario", default="", metavar="NAME", said="commands.practice.options.scenario_2")
@option("--speed", default=1.0, show_default=True, said="commands.practice.options.speed")
@option("--attached", is_flag=True, hidden=True, said="commands.practice.options.attached")
def serve(folder: Path, scenario: str, speed: float, attached: bool) -> None:
    """Serve the practice estate until it is stopped."""
    _verify_scenario(scenario, speed)
    from vmm_wizard.lab.process import EstateNotServed, serve_estate

    stop = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())

    if attached:
        threading.Thread(target=_until_alone, args=(stop,), name="parent", daemon=True).start()

    def ready() -> None:
        click.echo(text("commands.practice.serving", book=folder / "address-book.toml"))

    try:
        serve_estate(folder, scenario, speed, stop, ready, click.echo)
    except EstateNotServed as error:
        refuse(str(error))


def _until_alone(stop: threading.Event) -> None:
    """Set `stop` when nobody holds the other end of the standard input any more."""
    while os.read(0, 1024):
        pass
    stop.set()
