"""The parameters of our scripts, bound as PowerShell binds them."""

from __future__ import annotations

import re
from collections.abc import Iterable


class ScriptError(Exception):
    """A terminating error of a script, with PowerShell's text."""


def declared_parameters(text: str) -> frozenset[str]:
    """The parameters of one of our scripts, all of them mandatory, by the lines of its param block."""
    block = text.partition("\nparam(\n")[2].partition("\n)\n")[0]
    return frozenset(re.findall(r"^    \[[\w.]+(?:\[\])?\] \$(\w+),?$", block, re.MULTILINE))


def bind(text: str, given: Iterable[str]) -> None:
    """Give a script of this text parameters of these names. Raises ScriptError for one too many or too few."""
    declared, named = declared_parameters(text), set(given)
    for name in sorted(named - declared):
        raise ScriptError(f"A parameter cannot be found that matches parameter name '{name}'.")
    if declared - named:
        missing = " ".join(sorted(declared - named))
        raise ScriptError(f"Cannot process command because of one or more missing mandatory parameters: {missing}.")
