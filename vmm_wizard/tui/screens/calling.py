"""How the wizard's screen reaches somebody who looks elsewhere: by the bell, and by the title of the terminal."""

from __future__ import annotations

import os

from vmm_wizard.texts import text
from vmm_wizard.tui.attention import TerminalTitle, takes_titles
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.screens.opening import OpeningScreen
from vmm_wizard.wizard.answers import Answers


class CallingScreen(OpeningScreen):
    """The part of the one screen that rings and names the terminal."""

    def __init__(self, answers: Answers, jobs: Jobs) -> None:
        super().__init__(answers, jobs)
        #: Whether the bell rings when a run needs somebody, or has ended.
        self.rings = os.environ.get("VMM_WIZARD_BELL", "on") != "off"
        #: Whether the run waits for an answer.
        self.waits = False
        self._title = TerminalTitle(self._write, able=takes_titles(os.environ))

    def call(self, *, waits: bool = False) -> None:
        self.waits = waits
        if self.rings:
            self.app.bell()
        self.show_title(at_once=True)

    def answered(self) -> None:
        self.waits = False
        self.show_title(at_once=True)

    def show_title(self, *, at_once: bool = False) -> None:
        from vmm_wizard.wizard.calling import title

        if self.run_state is not None:
            self._title.show(title(self.run_state, waits=self.waits), at_once=at_once)

    def restore_title(self) -> None:
        """The terminal is named as before the run."""
        self._title.restore()

    def turn_bell(self) -> None:
        """Switch the bell off, or on again."""
        self.rings = not self.rings
        self.say(text("run.bell.on") if self.rings else text("run.bell.off"))

    def _write(self, data: str) -> None:
        driver = self.app._driver
        if driver is not None and not driver.is_headless:
            driver.write(data)
