"""Who is asked now, in one line however many they are. Pure, no Textual."""

from __future__ import annotations

from collections.abc import Sequence

from vmm_wizard.texts import text


def asked_now(waiting: Sequence[str], columns: int) -> str:
    """The names of those whose answer is awaited, as many as fit, then how many more; empty when nobody is asked."""
    if not waiting:
        return ""
    line = text("terminal.asking", names=", ".join(waiting))
    for known in range(len(waiting) - 1, 0, -1):
        if len(line) <= columns:
            break
        names = ", ".join(waiting[:known])
        line = text("terminal.asking_more", names=names, number=len(waiting) - known)
    return line if len(line) <= columns else text("terminal.asking_many", number=len(waiting))
