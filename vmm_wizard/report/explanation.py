"""A check's explanation as lines of text."""

from __future__ import annotations

import textwrap

from vmm_wizard.checks.explain import Explanation


def lines_of(explanation: Explanation, width: int = 80) -> list[str]:
    """The explanation with its headings, wrapped at `width`."""
    lines = [f"{explanation.id}  {explanation.title}"]
    for heading, text in explanation.paragraphs():
        lines += ["", heading]
        lines += textwrap.wrap(
            text, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    return lines
