"""The log file: what happened, with every secret known to the process masked before a line is written."""

from __future__ import annotations

import logging
import logging.handlers
import threading
from pathlib import Path

_masked: set[str] = set()
_lock = threading.Lock()

MASK = "***"


def mask(text: str) -> None:
    """From now on, write `***` wherever `text` (a password) would appear. Texts under four characters are left alone:
    masking them would hide half of every line and thereby tell what they are."""
    if len(text) >= 4:
        with _lock:
            _masked.add(text)


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


def open_log(path: Path) -> None:
    """Write the log of this package to `path` (rotated at one megabyte, three kept). Never raises: a log that cannot be
    written must not stop an install."""
    logger = logging.getLogger("vmm_wizard")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(_MaskingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
