"""argv -> one call: guards, exit codes, and the only module that prints to standard output.

Exit codes: 0 good (warnings allowed, or nothing to do), 1 at least one fail, or install refused by preflight, 2 bad
usage or file, or a secret or confirmation missing without a terminal, 3 no fail but something unknown, 4 install
failed, 5 cancelled or detached.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from vmm_wizard import __version__
from vmm_wizard.cli.said import SaidGroup
from vmm_wizard.cli.shared import (
    CANCELLED,
    GOOD,
    INSTALL_FAILED,
    book_option,
    find_addresses,
    has_size,
    has_terminal,
    open_log,
    plain_option,
    read_secrets,
    refuse,
    secrets_option,
    speak_to_nobody,
    terminal_reason,
    theme_option,
)
from vmm_wizard.texts import text

#: The module of each command beside the wizard. It is loaded when its command is given, or asked about: all of them
#: take as long as the wizard's first page.
_MODULES: Mapping[str, str] = {
    **{"discover": "discovering", "check": "plans", "accept": "marking", "request": "marking", "fix": "mending"},
    **{"emit": "plans", "runbook": "runbook", "prepare": "prepare", "console": "console", "install": "jobs"},
    **{"verify": "verify", "failover": "failover", "add-node": "add_node", "rebuild": "rebuild"},
    **{"uninstall": "uninstall", "runs": "runs", "attach": "runs", "resume": "runs", "bundle": "bundle"},
    **{"after": "after", "first-hour": "after", "explain": "plans", "doctor": "plans", "lab": "practice"},
}


class _WizardGroup(SaidGroup):
    """`vmm-wizard FILE` is `vmm-wizard wizard FILE`: what is no command is an answer file."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_MODULES})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _MODULES and cmd_name not in self.commands:
            module = import_module(f"vmm_wizard.cli.{_MODULES[cmd_name]}")
            self.add_command(getattr(module, cmd_name.replace("-", "_")), cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx) and (args[0].endswith(".toml") or Path(args[0]).exists()):
            return "wizard", self.commands["wizard"], args
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.epilog = text("commands.cli.epilog")
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> object:
        """As click does, but for a reader of our output that went away (`| head`): click would say 1, a failed check,
        and 0 would be a good one."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            speak_to_nobody()
            raise SystemExit(CANCELLED) from None


@click.group(
    cls=_WizardGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="vmm-wizard")
@plain_option
@click.pass_context
def cli(ctx: click.Context, plain: bool) -> None:
    """Install a highly available System Center VMM management server, and know before that it will work."""
    ctx.obj = plain
    if ctx.invoked_subcommand is None:
        # Not ctx.invoke: that reads no environment variables, and the address book may come from one.
        with wizard.make_context("wizard", [], parent=ctx) as bare:
            wizard.invoke(bare)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@plain_option
@book_option
@secrets_option
@theme_option
@click.pass_context
def wizard(
    ctx: click.Context, file: Path | None, plain: bool, address_book: Path | None, secrets_file: Path | None
) -> None:
    """Open the wizard (also: vmm-wizard FILE)."""
    plain = plain or bool(ctx.obj)
    reason = "" if plain else terminal_reason(has_terminal(), os.environ.get("TERM", ""), os.name, sized=has_size())
    if reason:
        refuse(reason)
    addresses = find_addresses(address_book)
    secrets = read_secrets(secrets_file)
    open_log()
    if plain:
        from vmm_wizard.plain.door import run_plain

        raise SystemExit(run_plain(file, addresses, secrets))
    from vmm_wizard.tui.starting import put_off_collecting

    put_off_collecting()
    from vmm_wizard.tui.app import run_wizard

    raise SystemExit(run_wizard(file, addresses, secrets))


def main() -> NoReturn:
    """Run the command line; never shows a traceback. Leaves at once: a probe that still waits for an answer is a
    daemon thread, and one that wakes up while the interpreter comes apart can abort it."""
    if hasattr(sys.stdout, "reconfigure"):
        # A Windows console or a pipe may have a code page that lacks a letter of a name: show a mark, do not break.
        sys.stdout.reconfigure(errors="backslashreplace")
        sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    code = run_command()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or CANCELLED
    os._exit(code)


def run_command() -> int:
    """One command; its exit code."""
    try:
        cli.main(standalone_mode=False, prog_name="vmm-wizard")
        return GOOD
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else GOOD if end.code is None else INSTALL_FAILED
    except click.exceptions.Abort:
        return _said(text("commands.shared.cancelled"), CANCELLED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        return _said(text("commands.shared.cancelled"), CANCELLED)
    except Exception as error:
        from vmm_wizard import log

        open_log()
        import logging

        logging.getLogger("vmm_wizard").exception("unexpected error")
        said = log.masked(f"{type(error).__name__}: {error}")
        return _said(text("commands.cli.unexpected", error=said), INSTALL_FAILED)


def _said(sentence: str, code: int) -> int:
    try:
        refuse(sentence, code=code)
    except SystemExit:
        return code
