"""The logs that setup keeps on a node (section 1.4): which there are, and what is in them, fetched in pieces."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmm_wizard.remote.bootstrap import JSON, load_script
from vmm_wizard.remote.errors import AnswerUnreadable
from vmm_wizard.remote.session import Session
from vmm_wizard.texts import text

#: Most bytes of a file in one answer.
PIECE = 262_144


@dataclass(frozen=True, slots=True)
class SetupLog:
    """A file in VMMLogs: its name there (of a crash `SCVMM.x\\report.txt`), and its length in bytes."""

    name: str
    length: int


def list_logs(session: Session, deadline: float) -> tuple[SetupLog, ...]:
    """The logs of setup on a node. Raises RemoteError."""
    return _ask(session, "", 0, deadline)[0]


def fetch_log(session: Session, log: SetupLog, most: int, deadline: float) -> bytes:
    """The last `most` bytes of a log, or all of it. Raises RemoteError."""
    offset, wanted = max(log.length - most, 0), min(log.length, most)
    content = b""
    while len(content) < wanted:
        _, piece = _ask(session, log.name, offset + len(content), deadline)
        if not piece:
            # It became shorter, or was put aside, since it was listed.
            break
        content += piece
    return content[:wanted]


def _ask(session: Session, name: str, offset: int, deadline: float) -> tuple[tuple[SetupLog, ...], bytes]:
    parameters: dict[str, JSON] = {"Name": name, "Offset": offset, "Limit": PIECE}
    answer = session.run(load_script("collect-logs"), parameters, deadline=deadline)
    try:
        return _read(answer)
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerUnreadable(session.place, text("reasons.setup_logs.unreadable", error=error)) from None


def _read(answer: Mapping[str, Any]) -> tuple[tuple[SetupLog, ...], bytes]:
    rows = answer["files"] or []
    rows = rows if isinstance(rows, list) else [rows]
    logs = tuple(SetupLog(str(row["name"]), int(row["length"])) for row in rows)
    return logs, base64.b64decode(answer["content"], validate=True)
