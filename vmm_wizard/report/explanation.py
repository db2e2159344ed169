"""An explanation as lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable


def lines_of(title: str, paragraphs: Iterable[tuple[str, str]], width: int = 80) -> list[str]:
    """A title, and (heading, text) below it, wrapped at `width`."""
    lines = [title]
    for heading, text in paragraphs:
        lines += ["", heading]
        lines += textwrap.wrap(
            text, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    return lines
