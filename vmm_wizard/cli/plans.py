"""The commands about a plan: check, emit; and what explains: explain, doctor."""

from __future__ import annotations

import textwrap
from datetime import datetime
from pathlib import Path

import click

from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
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
    refuse,
    secrets_option,
    unused_book_option,
    width,
    write_text,
)
from vmm_wizard.texts import text


@command()
@answers_argument
@json_option
@option("--all", "everything", is_flag=True, said="commands.plans.options.all")
@option(
    "--rehearse",
    is_flag=True,
    said="commands.plans.options.rehearse",
)
@option(
    "--since",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="LAST.json",
    said="commands.plans.options.since",
)
@option("--matrix", "as_matrix", is_flag=True, said="commands.plans.options.matrix")
@option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html|.md|.xml|.json",
    said="commands.plans.options.report",
)
@book_option
@secrets_option
def check(
    file: Path,
    as_json: bool,
    everything: bool,
    rehearse: bool,
    since: Path | None,
    as_matrix: bool,
    reports: tuple[Path, ...],
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Judge an answer file against the estate, changing nothing."""
    from vmm_wizard.report import changes, matrix
    from vmm_wizard.report import findings as report
    from vmm_wizard.report.document import FORMATS

    plan = load_plan(file)
    addresses = find_addresses(address_book)
    secrets = read_secrets(secrets_file)
    for path in reports:
        if path.suffix.lower() not in FORMATS:
            refuse(text("commands.plans.report_name", path=path, formats=", ".join(FORMATS)))
    try:
        earlier = changes.read_report(since) if since else ()
    except changes.ReportError as error:
        refuse(str(error))
    if is_interactive() and not as_json:
        ask_missing(plan.accounts, secrets)
    open_log()
    findings = ask_estate(plan, secrets, addresses, rehearse=rehearse).findings
    changed = changes.changes(earlier, findings) if since else ()
    made = f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}"
    for path in reports:
        write_text(path, FORMATS[path.suffix.lower()](plan, findings, made))
    table = matrix.matrix(plan, findings)
    if as_json:
        more = {"changes": changes.as_document(changed)} if since else {}
        more |= {"matrix": matrix.as_document(table)} if as_matrix else {}
        lines = [report.as_json(plan, findings, **more)]
    else:
        lines = changes.as_text(changed, str(since), width(), everything) if since else []
        lines += [*matrix.as_text(table, width()), "", text("commands.plans.without_matrix")] if as_matrix else []
        full = not since and not as_matrix
        lines += report.as_text(plan, findings, width(), everything) if full else report.ending(plan, findings, width())
    for line in lines:
        click.echo(line)
    raise SystemExit(report.exit_code(findings))


@command()
@answers_argument
@option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    said="commands.plans.options.output",
)
@unused_book_option
def emit(file: Path, output: Path) -> None:
    """Write VMServer.ini and the command line of each node, without any secret."""
    plan = load_plan(file)
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
            refuse(text("commands.shared.cannot_be_written", path=path, reason=error.strerror))
        click.echo(str(path))


@command()
@click.argument("words", nargs=-1, metavar="[ID|KEY|WORD]")
@option("--answers", is_flag=True, said="commands.plans.options.answers")
@option("--glossary", "words_too", is_flag=True, said="commands.plans.options.glossary")
@unused_book_option
def explain(words: tuple[str, ...], answers: bool, words_too: bool) -> None:
    """List the checks, or explain a check, an answer (dkm.container) or a word (gMSA)."""
    from vmm_wizard.report.explanation import lines_of
    from vmm_wizard.texts import text
    from vmm_wizard.wizard.help import UnknownWordError, looked_up

    if words:
        try:
            found = looked_up(" ".join(words))
        except UnknownWordError as error:
            refuse(str(error.args[0]))
        for line in lines_of(found.title, found.paragraphs(), width()):
            click.echo(line)
        return
    if answers:
        _list_answers()
    if words_too:
        _list_words()
    if not answers and not words_too:
        from vmm_wizard.checks.registry import all_checks

        for entry in all_checks():
            click.echo(f"{entry.id:<8} {entry.title}")
        click.echo(f"\n{text('help.list.checks')}")


def _list_answers() -> None:
    from vmm_wizard.plan.fields import FIELDS
    from vmm_wizard.texts import text

    for field in FIELDS:
        click.echo(field.key)
        for line in textwrap.wrap(field.about, width() - 4):
            click.echo(f"    {line}")
    click.echo(f"\n{text('help.list.answers')}")


def _list_words() -> None:
    from vmm_wizard.wizard.glossary import terms

    for term in terms():
        also = ", ".join(term.also)
        click.echo(f"{term.name} ({also})" if also else term.name)
        for line in textwrap.wrap(term.means, width() - 4):
            click.echo(f"    {line}")


@command()
@book_option
def doctor(address_book: Path | None) -> None:
    """Say what this computer would use to reach directory, SQL Server and nodes, and what it lacks."""
    from vmm_wizard.facts.local import examine

    if address_book is not None:
        find_addresses(address_book)
        click.echo(text("commands.plans.book", path=address_book))
    for row in examine():
        click.echo(f"{'+' if row.good else '!'} {row.name}: {row.text}")
        if row.remedy:
            click.echo(f"    -> {row.remedy}")
