"""The commands for the time after an install: after, first-hour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
    GOOD,
    UNKNOWN,
    answers_argument,
    ask_estate,
    ask_missing,
    book_option,
    find_addresses,
    is_interactive,
    json_option,
    load_plan,
    open_log,
    read_secrets,
    secrets_option,
    unused_book_option,
    width,
    write_text,
)
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.remembering import Remembered
    from vmm_wizard.plan.model import Plan


@command()
@answers_argument
@json_option
@option("--all", "everything", is_flag=True, said="commands.after.options.all")
@option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), said="commands.after.options.output")
@book_option
@secrets_option
def after(
    file: Path,
    as_json: bool,
    everything: bool,
    output: Path | None,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Show what follows the install: what is done, what is open, and the commands. Changes nothing."""
    plan = load_plan(file)
    addresses = find_addresses(address_book)
    secrets = read_secrets(secrets_file)
    if is_interactive() and not as_json:
        ask_missing(plan.accounts, secrets)
    open_log()
    from vmm_wizard.afterwards import told
    from vmm_wizard.afterwards.follow_ups import follow_ups
    from vmm_wizard.afterwards.model import State
    from vmm_wizard.checks.schedule import Role, situation

    facts = ask_estate(plan, secrets, addresses).facts
    here = situation(plan, facts)
    heard = _last_word(plan) if here.role is Role.OURS else None
    rows = follow_ups(plan, facts, heard.report if heard else None, file=file.name)
    if output is not None:
        write_text(output, told.as_markdown(rows, text("commands.after.title", role=plan.role_fqdn)))
    if as_json:
        click.echo(told.as_json(rows, here.role is Role.OURS))
    else:
        if here.role is not Role.OURS:
            click.echo(text("commands.after.not_installed", why=here.why))
        for line in told.lines_of(rows, width(), everything):
            click.echo(line)
        if heard:
            click.echo(text("commands.after.said_at", at=heard.at, run=heard.run))
        elif here.role is Role.OURS:
            click.echo(text("commands.after.not_asked", file=file))
        unseen = next((row.code for row in rows if row.state is State.UNKNOWN), "")
        if unseen:
            click.echo(text("commands.after.closed_by", code=unseen, file=file))
        if output is not None:
            click.echo(str(output))
    raise SystemExit(UNKNOWN if here.role is Role.UNKNOWN else GOOD)


def _last_word(plan: Plan) -> Remembered | None:
    """What VMM said of itself last in a run of this computer; None when it was not asked, or nobody can tell."""
    from vmm_wizard import paths
    from vmm_wizard.install.journal import Journal, JournalError
    from vmm_wizard.install.remembering import last_word

    try:
        path = paths.journal_file()
        return last_word(Journal(path), plan) if path.exists() else None
    except JournalError as error:
        click.echo(f"! {error}", err=True)
    except OSError as error:
        # No place for a journal is no reason not to tell the rest.
        click.echo(text("commands.after.unusable", file=error.filename, reason=error.strerror), err=True)
    return None


@command("first-hour")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), said="commands.after.options.output_2")
@unused_book_option
def first_hour(file: Path | None, output: Path | None) -> None:
    """Lead somebody who has never seen VMM through the first hour, with the names of FILE filled in."""
    from vmm_wizard.afterwards import first_hour as page

    rows = page.sections(load_plan(file, complete=False) if file else None)
    if output is not None:
        write_text(output, page.as_markdown(rows))
        click.echo(str(output))
        return
    for line in page.lines_of(rows, width()):
        click.echo(line)
