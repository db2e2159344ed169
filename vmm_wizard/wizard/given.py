"""What setup will be given, as text: the answer file and the command line of each node. Pure."""

from __future__ import annotations

from vmm_wizard.setup.emit import emit_files
from vmm_wizard.texts import text
from vmm_wizard.wizard import flow


def preview(view: flow.View) -> str:
    """The answer file and the command line of each node; or why there are none yet. No secret is in them."""
    if view.wrong:
        return text("review.unreadable")
    try:
        files = emit_files(view.plan)
    except ValueError as error:
        return text("review.not_yet", why=error)
    parts = []
    for name, content in files.items():
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
        said = content.decode(encoding).replace("\r\n", "\n").rstrip()
        parts.append(f"== {name}\n{said}\n")
    return "\n".join(parts)
