"""The time and the log of one run of the simulated setup: shares of its whole duration, SetupWizard.log, and what a
fault has put in its way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import Literal

from vmm_wizard.lab.files import DiskFull
from vmm_wizard.lab.moments import Moment
from vmm_wizard.lab.processes import WORKER, SetupProcess
from vmm_wizard.lab.run_scripts import LOG
from vmm_wizard.lab.setup_course import Dialog, SetupCourse
from vmm_wizard.lab.setup_install import StepFailed
from vmm_wizard.lab.setup_machine import SetupMachine

#: Estate seconds that WinRM is away while setup configures it.
WINRM_AWAY = 60.0


class Killed(Exception):
    """The process was ended from outside: nothing is undone, nothing more is written."""


class Pace:
    """The pace of a run of `duration` estate seconds, which `stop` ends. `kind`: whose moments a fault waits for.

    `exit_code` is that of a run that does all, until a fault sets another.
    """

    def __init__(
        self,
        machine: SetupMachine,
        stop: threading.Event,
        duration: float,
        kind: Literal["setup", "uninstall"],
        exit_code: int,
    ) -> None:
        self._machine = machine
        self._stop = stop
        self._duration = duration
        self._kind = kind
        self.exit_code = exit_code
        self.begun = machine.clock.seconds()
        self._date = machine.date()
        self._shift = machine.date_shift
        #: When it began, later by what it stood still.
        self._base = self.begun
        self._percent = -1
        #: The process that does the work, and what it leaves for certain when it goes away of itself.
        self.worker: SetupProcess | None = None
        self.leave: Callable[[Collection[str]], None] = lambda _: None

    def until(self, moment: float) -> None:
        """Let time pass until this part (0 to 1) of the whole is over, with all that is to happen on the way.

        Raises Killed, and StepFailed where a fault says so.
        """
        for percent in self._machine.percents(self._kind):
            if self._percent < percent <= moment * 100:
                self._percent = percent
                self._wait_for(percent / 100)
                self._machine.reached(Moment(self._kind, percent=percent))
                self.wait(0)
                self._take_course()
        self._wait_for(moment)

    def _wait_for(self, moment: float) -> None:
        self.wait(self._base + moment * self._duration - self._machine.clock.seconds())

    def _take_course(self) -> None:
        """Do what a fault has put in the way. Raises StepFailed, Killed."""
        course, self._machine.course = self._machine.course, SetupCourse()
        if course.exit_code is not None:
            self.exit_code = course.exit_code
        if course.dialog is not None:
            self._stand_at(course.dialog)
        if course.pause:
            self._base += course.pause
            self.wait(course.pause)
        if course.failure is not None:
            self.exit_code = course.failure.exit_code
            raise StepFailed(course.failure.name, course.failure.text)
        if course.sudden_end is not None:
            self.leave(course.sudden_end.leaves)
            self.exit_code = course.sudden_end.exit_code
            raise Killed

    def _stand_at(self, dialog: Dialog) -> None:
        """Wait for somebody who closes a window that nobody sees: no log, no processor time."""
        clock, worker = self._machine.clock, self.worker
        assert worker is not None
        begun = clock.seconds()
        worker.work(begun, 0.0)
        worker.windows.append(dialog.title)
        self._machine.changed()
        if dialog.seconds is None:
            self._stop.wait()
        self.wait(dialog.seconds or 0.0)
        worker.windows.remove(dialog.title)
        worker.work(clock.seconds(), WORKER)
        self._base += clock.seconds() - begun

    def wait(self, seconds: float) -> None:
        """Let so many estate seconds pass. Raises Killed."""
        if seconds > 0 and self._machine.clock.wait(seconds, self._stop):
            raise Killed
        if self._stop.is_set():
            raise Killed

    def write(self, text: str) -> None:
        """A line of the log, with the estate's time: its clock goes as fast as everything else of the estate."""
        moment = self._date + timedelta(
            seconds=self._machine.clock.seconds() - self.begun + self._machine.date_shift - self._shift
        )
        with suppress(DiskFull):
            self._machine.files.append(LOG, f"{moment:%H:%M:%S}:{text}\r\n".encode())

    def fail(self, failure: StepFailed) -> None:
        """The lines that a failed step leaves: the exception, VMM's own error, and the reason."""
        self.write(f"Threw Exception.Type: {failure.name}Exception, Exception.Message: {failure}")
        self.write(f"*** Carmine error was: {failure.name} (1); HR: 0x{failure.code:08x}")
        self.write(f"FailureReason = {failure}")

    def end(self, code: int) -> int:
        """The last line of the log; gives the exit code back."""
        self.write(f"Main: setup has ended with exit code {code}")
        return code
