"""Commands and options whose help is of the catalogue: it is looked up when it is shown, never by an import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from vmm_wizard.texts import text

F = TypeVar("F", bound=Callable[..., Any])


class SaidCommand(click.Command):
    """A command whose help is `commands.help.NAME`."""

    def get_short_help_str(self, limit: int = 45) -> str:
        self._look_up()
        return super().get_short_help_str(limit)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self._look_up()
        super().format_help_text(ctx, formatter)

    def _look_up(self) -> None:
        self.help = text(f"commands.help.{(self.name or '').replace('-', '_')}")


class SaidGroup(SaidCommand, click.Group):
    """A group of such commands."""

    command_class = SaidCommand


class SaidOption(click.Option):
    """An option whose help is the sentence `said`, by its key."""

    def __init__(self, *names: Any, said: str, **how: Any) -> None:
        super().__init__(*names, **how)
        self._said = said

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        self.help = text(self._said)
        return super().get_help_record(ctx)


def command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """As `click.command`, of a SaidCommand."""
    return click.command(name, cls=SaidCommand)


def option(*names: str, said: str, **how: Any) -> Callable[[F], F]:
    """As `click.option`, with its help by the key `said`."""
    return click.option(*names, cls=SaidOption, said=said, **how)
