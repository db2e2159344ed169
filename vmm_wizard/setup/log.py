"""SetupWizard.log while it grows: lines from pieces, how far setup is, and what a failure means."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from vmm_wizard.printable import printable
from vmm_wizard.setup.log_causes import UNEXPLAINED, explain, is_failure, is_warning
from vmm_wizard.setup.log_phases import COURSES, Phase, SetupKind

__all__ = ["LogLine", "LogReader", "Phase", "SetupFailure", "SetupKind", "read_failures"]

_STAMPED = re.compile(r"(\d{1,2}:\d{2}:\d{2}):(.*)", re.DOTALL)
_COUNT = re.compile(r"\b(\d{1,5}) of (\d{1,5})\b")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line: its number from 1, its time as written (`HH:MM:SS`, empty for a continuation), the text behind it
    (control characters as their codes)."""

    number: int
    time: str
    text: str


@dataclass(frozen=True, slots=True)
class SetupFailure:
    """A line that means failure (or a warning), what is behind it, and what to do."""

    line_number: int
    text: str
    cause: str
    remedy: str


_ROLLBACK = re.compile(r"\*+Starting\*RollBack\*+", re.IGNORECASE)
#: In these setup only looks, or is over.
_NOTHING_CHANGED = (Phase.STARTING, Phase.PREREQUISITES, Phase.INSTALLED, Phase.ENDED)
_ROLLED_BACK = re.compile(r"\*+Ended\*RollBack\*+", re.IGNORECASE)


class LogReader:
    """Reads SetupWizard.log from the pieces it arrives in; keeps what was seen of progress and failures.

    `work` says what setup was started for. `percent` (0 to 99, never falling; only the end of setup is 100) and `phase`
    are estimates from the lines. `failures` and `warnings` are in the order of lines; a failure with a known cause
    comes first.
    """

    def __init__(self, work: SetupKind = SetupKind.INSTALL) -> None:
        self.work = work
        self.percent = 0
        #: Whether setup has come as far as changing the computer: refused or stopped before that, nothing is left.
        self.changed_something = False
        #: Whether a rollback has begun, and whether it has come to its end.
        self.rollback_begun = self.rollback_ended = False
        self._course = COURSES[work]
        self._phase = Phase.STARTING
        self._failures: list[SetupFailure] = []
        self._warnings: list[SetupFailure] = []
        self._bytes = b""
        self._wide: bool | None = None
        self._number = 0

    @property
    def phase(self) -> str:
        """What setup is doing, in words for a person."""
        return self._phase.said

    @property
    def failures(self) -> tuple[SetupFailure, ...]:
        """Lines that mean failure. The first is the most telling: one whose cause is known comes before the others."""
        return tuple(sorted(self._failures, key=lambda failure: failure.cause == UNEXPLAINED.cause))

    @property
    def warnings(self) -> tuple[SetupFailure, ...]:
        """Lines that say what setup could not do and went on without (SPN, SCP)."""
        return tuple(self._warnings)

    def feed(self, data: bytes) -> list[LogLine]:
        """The lines that are complete with `data`, the next bytes of the file; the last, open one waits for more.

        UTF-16LE with its mark, UTF-8 and the ANSI code page are understood, cut anywhere.
        """
        self._bytes += data
        if self._wide is None:
            if len(self._bytes) < 2:
                return []
            self._wide = self._bytes.startswith(codecs.BOM_UTF16_LE)
            self._bytes = self._bytes[2:] if self._wide else self._bytes
        end = b"\n\0" if self._wide else b"\n"
        lines: list[LogLine] = []
        while (cut := self._find(end)) >= 0:
            raw, self._bytes = self._bytes[:cut], self._bytes[cut + len(end) :]
            lines.append(self._line(raw))
        return lines

    def close(self) -> list[LogLine]:
        """The open last line, when the file has ended without a line end."""
        raw, self._bytes = self._bytes, b""
        return [self._line(raw)] if raw else []

    def _find(self, end: bytes) -> int:
        cut = self._bytes.find(end)
        # In UTF-16 a line end is a whole unit: 0A 00 across two units is something else.
        while self._wide and cut > 0 and cut % 2:
            cut = self._bytes.find(end, cut + 1)
        return cut

    def _line(self, raw: bytes) -> LogLine:
        self._number += 1
        text = printable(self._decode(raw).rstrip("\r\n"))
        match = _STAMPED.fullmatch(text)
        line = LogLine(self._number, match[1], match[2]) if match else LogLine(self._number, "", text)
        self._judge(line)
        return line

    def _decode(self, raw: bytes) -> str:
        if self._wide:
            return raw.decode("utf-16-le", errors="replace")
        try:
            return raw.decode("utf-8-sig" if self._number == 1 else "utf-8")
        except UnicodeDecodeError:
            return raw.decode("cp1252", errors="replace")

    def _judge(self, line: LogLine) -> None:
        if is_failure(line.text):
            cause = explain(line.text)
            self._failures.append(SetupFailure(line.number, line.text, cause.cause, cause.remedy))
        elif is_warning(line.text):
            cause = explain(line.text)
            self._warnings.append(SetupFailure(line.number, line.text, cause.cause, cause.remedy))
        if _ROLLBACK.search(line.text):
            self.rollback_begun = True
            self._phase = Phase.ROLLBACK
        if _ROLLED_BACK.search(line.text):
            self.rollback_ended = True
        if self._phase is not Phase.ROLLBACK:
            self._advance(line.text)

    def _advance(self, text: str) -> None:
        course = self._course
        reached = self.percent = max(self.percent, 1)
        for marker in course.markers:
            if marker.percent > reached >= marker.after and marker.pattern.search(text):
                self.percent, self._phase = marker.percent, marker.phase
                self.changed_something |= marker.phase not in _NOTHING_CHANGED
                break
        count = _COUNT.search(text)
        if self._phase is course.counted and count and 0 < int(count[1]) <= int(count[2]):
            share = int(count[1]) / int(count[2])
            self.percent = max(self.percent, course.since + round(share * (course.until - course.since)))


def read_failures(data: bytes) -> tuple[SetupFailure, ...]:
    """The failures of a whole log, the most telling first."""
    reader = LogReader()
    reader.feed(data)
    reader.close()
    return reader.failures
