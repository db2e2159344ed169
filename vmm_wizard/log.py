"""The log file: what happened, with every secret known to the process masked before a line is written."""

from __future__ import annotations

import logging
import logging.handlers
import threading
from pathlib import Path

_masked: set[str] = set()
# A signal may come while a line is masked, and its handler masks lines, too.
_lock = threading.RLock()

MASK = "***"


def mask(text: str) -> None:
    """From now on, write `***` wherever `text` (a password) would appear, also in the forms that it takes inside of
    other texts: quoted by Python, JSON, XML, a URL, PowerShell or SQL, or in base64. Texts under four characters are
    left alone: masking them would hide half of every line and thereby tell what they are."""
    if len(text) >= 4:
        with _lock:
            _masked.update(form for form in _forms(text) if len(form) >= 4)


def _forms(text: str) -> tuple[str, ...]:
    # Who has no secret yet need not load all of these.
    import base64
    import html
    import json
    import urllib.parse

    raw = text.encode("utf-8", "surrogatepass")
    return (
        text,
        repr(text)[1:-1],
        repr(raw)[2:-1],
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape(text, quote=False),
        html.escape(text),
        urllib.parse.quote(raw),
        urllib.parse.quote(raw, safe=""),
        text.replace("'", "''"),
        text.replace("}", "}}"),
        base64.b64encode(raw).decode(),
        base64.b64encode(text.encode("utf-16-le", "surrogatepass")).decode(),
    )


def masked(text: str) -> str:
    """`text` with every secret known to the process masked."""
    with _lock:
        known = sorted(_masked, key=len, reverse=True)
    for secret in known:
        text = text.replace(secret, MASK)
    return text


class _MaskingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _QuietFileHandler(logging.handlers.RotatingFileHandler):
    """A line that cannot be written is dropped. The standard library would print it to standard error instead, where
    nothing masks it, and across the wizard's screen."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: a full disk, or a log that another process holds, must not be in the way."""


def open_log(path: Path) -> None:
    """Write the log of this package to `path` (rotated at one megabyte, three kept), from now on there alone. What
    other libraries log goes nowhere. Never raises: a log that cannot be written must not stop an install."""
    logger = logging.getLogger("vmm_wizard")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    root = logging.getLogger()
    if not root.handlers:
        # Without any handler their warnings would go to standard error.
        root.addHandler(logging.NullHandler())
    for earlier in [row for row in logger.handlers if isinstance(row, _QuietFileHandler)]:
        logger.removeHandler(earlier)
        earlier.close()
    handler = _QuietFileHandler(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True)
    handler.setFormatter(_MaskingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
