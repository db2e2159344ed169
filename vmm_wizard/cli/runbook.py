"""The command `runbook`: the files for an install by hand."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import click

from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import answers_argument, load_plan, refuse, unused_book_option
from vmm_wizard.texts import text


@command()
@answers_argument
@option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    said="commands.runbook.options.output",
)
@unused_book_option
def runbook(file: Path, output: Path) -> None:
    """Write what admins need to install by hand: answer files, a script that asks for passwords, numbered steps."""
    plan = load_plan(file)
    from vmm_wizard.report.runbook import runbook_files

    try:
        files = runbook_files(plan, file.name)
    except ValueError as error:
        refuse(f"{file}: {error}")
    try:
        if output.exists() and any(output.iterdir()):
            refuse(text("commands.runbook.not_empty", folder=output))
        write_folder(output, files)
    except OSError as error:
        refuse(text("commands.shared.cannot_be_written", path=output, reason=error.strerror or error))
    for name in files:
        click.echo(str(output / name))


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their relative paths into `folder`, which is new or empty: all of them or none.

    Raises OSError.
    """
    target = folder.resolve()
    unfinished = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}.new"
    unfinished.mkdir(parents=True)
    try:
        for name, content in files.items():
            path = unfinished / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if target.exists():
            # Windows renames over no folder, not even an empty one.
            target.rmdir()
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
