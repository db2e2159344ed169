"""The line of help below the page. Pure; apart from the help itself, of which the first paint needs no more."""

from __future__ import annotations

import textwrap

from vmm_wizard.texts import text

#: Rows of the line.
_ROWS = 3


def bottom_line(line: str, subject: str, width: int) -> str:
    """The line of help below the page: with the way to more where there is more, and room for it in three rows."""
    longer = text("help.line", line=line)
    fits = len(textwrap.wrap(longer, max(width, 1))) <= _ROWS
    return longer if line and subject and fits else line
