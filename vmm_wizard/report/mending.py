"""What a fix would do, told to a person."""

from __future__ import annotations

import textwrap
from typing import Protocol

from vmm_wizard.printable import printable
from vmm_wizard.texts import text


class Offered(Protocol):
    """An offer, as far as it is shown."""

    @property
    def place(self) -> str: ...

    @property
    def steps(self) -> tuple[str, ...]: ...

    @property
    def account(self) -> str: ...

    @property
    def undo(self) -> tuple[str, ...]: ...


def lines_of(offer: Offered, width: int = 80) -> list[str]:
    """The object or node, each change, as whom, and how it is taken back. Commands are not broken inside a word."""
    lines = [*_wrapped(text("reports.mending.on", place=offer.place, account=offer.account), "", width)]
    for step in offer.steps:
        lines += _wrapped(f"* {step}", "    ", width)
    for row in offer.undo:
        lines += _wrapped(text("reports.mending.undo", step=row), "    ", width)
    return lines


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        printable(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
