"""From an order to an exit code: what every command that carries out a job does, and the install itself."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
    CANCELLED,
    FAILED,
    GOOD,
    INSTALL_FAILED,
    answers_argument,
    ask_missing,
    book_option,
    cancelled_by_signals,
    find_addresses,
    is_interactive,
    json_option,
    load_plan,
    open_log,
    read_secrets,
    refuse,
    secrets_option,
    speak_to_nobody,
    width,
)
from vmm_wizard.printable import printable
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.install.asking import Question
    from vmm_wizard.install.orders import Order
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.secrets import Secrets

yes_option = option("--yes", is_flag=True, said="commands.jobs.options.yes")
restart_option = option(
    "--restart",
    is_flag=True,
    said="commands.jobs.options.restart",
)

by_hand_option = option(
    "--by-hand",
    is_flag=True,
    said="commands.jobs.options.by_hand",
)

#: Exit codes of the results that are not good.
EXIT_CODES = {"refused": FAILED, "failed": INSTALL_FAILED, "cancelled": CANCELLED}


@dataclass(frozen=True, slots=True)
class Door:
    """How a command was called: whether it talks JSON, and whether everything was said yes to."""

    as_json: bool
    yes: bool


def prepare_call(
    file: Path,
    address_book: Path | None,
    secrets_file: Path | None,
    door: Door,
    job: str = "install",
    *,
    by_hand: bool = False,
) -> tuple[Plan, Secrets, Addresses]:
    """Plan, passwords (asked for on a terminal) and addresses of a command. Refuses what cannot be read."""
    plan = load_plan(file)
    addresses = find_addresses(address_book)
    secrets = read_secrets(secrets_file)
    ask_passwords(plan, secrets, door, job, by_hand=by_hand)
    return plan, secrets, addresses


def ask_passwords(plan: Plan, secrets: Secrets, door: Door, job: str = "install", *, by_hand: bool = False) -> None:
    """Ask for what is missing where somebody can answer; refuses where a job would lack a password."""
    from vmm_wizard.install.admission import missing_secrets, needed_accounts
    from vmm_wizard.install.orders import Job

    if is_interactive() and not door.as_json:
        ask_missing(needed_accounts(plan, Job(job), by_hand=by_hand), secrets)
    missing = missing_secrets(plan, secrets, Job(job), by_hand=by_hand)
    if missing:
        refuse(text("commands.shared.password_missing", account=", ".join(map(str, missing))))


def ask_to_go_on(door: Door, job: str, *sentences: str) -> None:
    """Say what will happen and ask once, unless --yes was given. Refuses without a terminal and without --yes."""
    if door.yes:
        return
    if door.as_json or not is_interactive():
        refuse(text("commands.shared.wants_yes", job=job))
    for sentence in sentences:
        click.echo(sentence, err=True)
    if not click.confirm(text("commands.jobs.go_on"), err=True):
        refuse(text("commands.shared.cancelled"), code=CANCELLED)


def carry_out(
    plan: Plan, secrets: Secrets, addresses: Addresses, order: Order, door: Door, *, end_setup: bool = False
) -> NoReturn:
    """Carry out an order, tell how it goes, and leave with its exit code. `end_setup`: a setup that runs is ended."""
    open_log()
    from vmm_wizard import paths
    from vmm_wizard.install.asking import take_default
    from vmm_wizard.install.engine import Runner
    from vmm_wizard.install.journal import Journal, JournalError
    from vmm_wizard.preflight import Preflight
    from vmm_wizard.report import run as report

    cancel, ending = cancelled_by_signals(), threading.Event()
    if end_setup:
        ending.set()

    def confirm(unknowns: tuple[Finding, ...]) -> bool:
        return door.yes or click.confirm(
            text("commands.jobs.unknown", unknowns=", ".join(row.id for row in unknowns)), err=True
        )

    result = "failed"
    preflight = Preflight(secrets, addresses)
    try:
        runner = Runner(
            *(plan, secrets, preflight, Journal(paths.journal_file()), paths.state_folder(), confirm),
            order=order,
            ask=take_default if door.yes or door.as_json or not is_interactive() else _ask,
            end_setup=ending,
        )
        shown = sys.stdout.isatty()
        for event in runner.run(cancel):
            lines: Sequence[str] = []
            if door.as_json:
                lines = [report.as_json(event)]
            elif shown or not report.is_progress(event):
                lines = report.lines_of(event, width())
            say(lines, cancel.set)
            result = getattr(event, "result", result)
    except JournalError as error:
        refuse(str(error), code=INSTALL_FAILED)
    except OSError as error:
        refuse(text("commands.jobs.unusable", file=error.filename, reason=error.strerror), code=INSTALL_FAILED)
    finally:
        preflight.kept.close()
    raise SystemExit(EXIT_CODES.get(result, GOOD))


def _ask(question: Question) -> str:
    """A question of a run, on the terminal."""
    for line in (f"? {question.text}", *(f"    {word}: {said}" for word, said in question.choices.items())):
        click.echo(printable(line), err=True)
    choices = click.Choice(list(question.choices))
    return str(click.prompt(text("commands.jobs.choose"), type=choices, default=question.default, err=True))


def say(lines: Sequence[str], stop: Callable[[], None]) -> None:
    """Print lines; where nobody listens any more, `stop` between steps, so that nothing of ours is left waiting."""
    try:
        for line in lines:
            click.echo(line)
    except BrokenPipeError:
        stop()
        speak_to_nobody()


def how_it_runs(plan: Plan, *, by_hand: bool) -> tuple[str, ...]:
    """How setup comes to run on a node, and where its passwords are meanwhile: sentences for `ask_to_go_on`."""
    if by_hand:
        return (text("commands.jobs.by_hand", account=plan.installing_account),)
    return (text("commands.jobs.by_task", account=plan.installing_account),)


def plan_nodes(plan: Plan, names: Sequence[str]) -> tuple[str, ...]:
    """Nodes of the plan by the names a user typed, with or without domain; refuses one that the plan does not have."""
    known = {node.key: node.key for node in plan.nodes} | {node.label.casefold(): node.key for node in plan.nodes}
    for name in names:
        if name.casefold() not in known:
            refuse(text("commands.jobs.no_node", name=name, nodes=", ".join(node.key for node in plan.nodes)))
    return tuple(dict.fromkeys(known[name.casefold()] for name in names))


@command()
@answers_argument
@json_option
@option("--yes", is_flag=True, said="commands.jobs.options.yes_2")
@restart_option
@by_hand_option
@book_option
@secrets_option
def install(
    file: Path,
    as_json: bool,
    yes: bool,
    restart: bool,
    by_hand: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Install VMM on the nodes of an answer file, one after another; run again, it goes on where it was cut off."""
    from vmm_wizard.install.orders import Order

    door = Door(as_json, yes)
    plan = load_plan(file)
    if not plan.registration.eula_accepted:
        refuse(text("commands.shared.eula", file=file))
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, by_hand=by_hand)
    names = ", ".join(str(node) for node in plan.nodes)
    ask_to_go_on(
        door,
        "install",
        text("commands.jobs.will_be", names=names),
        *how_it_runs(plan, by_hand=by_hand),
    )
    carry_out(plan, secrets, addresses, Order(restart=restart, by_hand=by_hand), door)
