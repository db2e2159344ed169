"""What was staged on a node must be what was meant: read back byte by byte, and as Windows will read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmm_wizard.install.endings import NodeFailed
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.works import Work
    from vmm_wizard.remote.task_run import RunFile, Staged


def require_as_written(node: str, work: Work, files: Sequence[RunFile], staged: Staged) -> None:
    """Raises NodeFailed unless `files` are what stands on `node`, nothing has begun there, and no value of an answer
    file would be read otherwise."""
    if staged.task_exists:
        raise NodeFailed(text("engine.staging.there_already", node=node), text("engine.shared.again"))
    written = {file.name: file.content for file in files}
    read = {file.name: file.content for file in staged.files}
    wrong = sorted(name for name in written.keys() | read.keys() if written.get(name) != read.get(name))
    if wrong:
        raise NodeFailed(
            text("engine.staging.misread", node=node, files=", ".join(wrong), folder=staged.folder),
            text("engine.staging.scanner"),
        )
    misread = work.misread(read)
    if misread:
        raise NodeFailed(text("engine.staging.otherwise", node=node, what=misread))
