"""The wizard as an application: theme, saving, and how it is left. `run_wizard` is the door."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textual import on

from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask, tell
from vmm_wizard.tui.doing import DoingApp
from vmm_wizard.tui.hanging_up import end_with_the_terminal, outlive_the_terminal
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.keeping import keep_on_signals, keep_unsaved, offer_kept
from vmm_wizard.tui.messages import HandedOver, QuitWanted, RunEnded, SaveWanted
from vmm_wizard.tui.screens.wizard import WizardScreen
from vmm_wizard.tui.terminals import Look, look_of
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers, may_be_there
from vmm_wizard.wizard.exit_codes import EXIT_CODES

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.plan.secrets import Secrets
    from vmm_wizard.wizard.course import Learning

_log = logging.getLogger(__name__)

#: A dark terminal with all colours and signs.
USUAL = Look()


class WizardApp(DoingApp):
    """The wizard on one file of answers."""

    CSS_PATH = "wizard.tcss"
    TITLE = "vmm-wizard"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        answers: Answers,
        secrets: Secrets,
        addresses: Addresses,
        learning: Learning | None = None,
        look: Look = USUAL,
    ) -> None:
        super().__init__(look)
        self.answers = answers
        self.jobs = Jobs(secrets, addresses)
        self.wizard = WizardScreen(answers, self.jobs)
        self.wizard.learning = learning
        self._result = ""
        #: What is waited for before the wizard is left: saving, the run's stop, or that it goes on by itself.
        self._leaving: Literal["", "save", "stop", "leave"] = ""

    def get_default_screen(self) -> WizardScreen:
        return self.wizard

    def on_mount(self) -> None:
        if self.answers.notices:
            # One after the other: what was odd about the file, what was kept, what runs are not finished.
            tell(self, text("dialogs.notices"), "\n\n".join(self.answers.notices), back=lambda: offer_kept(self))
        else:
            self.call_after_refresh(offer_kept, self)

    # --- saving and leaving

    @on(SaveWanted)
    def action_save(self) -> None:
        """Save to the file, or ask for one first."""
        self.wizard.leave()
        if self.answers.file is None:
            from vmm_wizard.tui.screens.dialogs import FileDialog

            self.push_screen(FileDialog(Path("answers.toml")), self._save_named)
        else:
            self._save_to(self.answers.file)

    def _save_named(self, file: Path | None) -> None:
        """What a file holds that is there already is not replaced without a question."""
        if file is None or not may_be_there(file):
            self._save_to(file)
            return

        def replace(answer: str | None) -> None:
            self._save_to(file) if answer else self.action_save()

        rows = [("", text("see.write.keep")), ("replace", text("see.write.replace"))]
        ask(self, text("dialogs.save.title"), text("dialogs.save.exists", file=file), rows, replace)

    def _save_to(self, file: Path | None) -> None:
        if file is None:
            self._leaving = ""
            return
        try:
            self.answers.save(file)
        except OSError as error:
            self._leaving = ""
            self.wizard.say(text("dialogs.save.failed", file=file, why=error.strerror or error))
            return
        self.wizard.say(text("dialogs.save.done", file=file))
        if self._leaving:
            self._leave()

    @on(QuitWanted)
    async def action_quit(self) -> None:
        """Leave; ask first when something would be lost or left alone."""
        if self.screen.name == "quit":
            return
        self.wizard.leave()
        if self.jobs.running and not (self._leaving or self.jobs.watching):
            rows = [("", text("quit.stay")), ("stop", text("quit.stop"))]
            rows += [] if self.jobs.cannot_leave else [("leave", text("quit.leave"))]
            ask(self, text("quit.title"), text("quit.running"), rows, self._quit_chosen, name="quit")
        elif self.answers.unsaved and not self.jobs.running:
            rows = [("save", text("quit.save")), ("quit", text("quit.quit")), ("", text("quit.stay"))]
            ask(self, text("quit.title"), text("quit.unsaved"), rows, self._quit_chosen, name="quit")
        else:
            self._leave()

    def _quit_chosen(self, answer: str | None) -> None:
        if answer == "quit":
            self._leave()
        elif answer == "save":
            self._leaving = "save"
            self.action_save()
        elif answer == "stop":
            self._leaving = "stop"
            self.jobs.stop(watched=False)
            self.wizard.say(text("quit.stopping"))
        elif answer == "leave":
            self._leaving = "leave"
            self.jobs.hand_over()
            self.wizard.say(text("run.leave.doing"))

    @on(HandedOver)
    def _handed_over(self) -> None:
        if self._leaving == "leave":
            self._leave()

    @on(RunEnded)
    async def _run_ended(self, event: RunEnded) -> None:
        self._result = event.result
        if self._leaving == "stop":
            self._leave()
            return
        self._leaving = ""
        if event.result != "cancelled":
            await self.wizard.show_page(pages.DONE)
            self.wizard.look(fresh=True)

    def _fatal_error(self) -> None:
        """An error of our own: its place goes into the masked log. Textual would print every local, passwords too."""
        _log.exception("the wizard broke")
        said = keep_unsaved(self)
        self.jobs.close()
        self.wizard.restore_title()
        self.panic(f"{text('dialogs.broke.wizard')} {said}".rstrip())

    def _leave(self) -> None:
        said = self.wizard.parting
        self.jobs.close()
        self.wizard.restore_title()
        self.exit(EXIT_CODES[self._result], message=said)


def run_wizard(
    file: Path | None,
    addresses: Addresses,
    secrets: Secrets,
    learning: Learning | None = None,
    *,
    practice: bool = False,
) -> int:
    """Open the wizard on `file` (which need not exist) and come back when it is left. `learning`: a lesson to do there;
    `practice`: the estate ends with the wizard, and no run goes on without it.

    Returns 0 for good, installed or nothing done, 1 when a run was refused, 4 when it failed, 5 when it was cancelled.
    """
    look = look_of(os.environ)
    # Textual, too, looks there, and takes an empty one for a wish.
    os.environ.pop("NO_COLOR", None)
    if not look.colours:
        os.environ["NO_COLOR"] = "1"
    app = WizardApp(Answers.opened(file), secrets, addresses, learning, look)
    app.jobs.practice = practice
    outlive_the_terminal(app.jobs)
    keep_on_signals(app)
    end_with_the_terminal()
    code = app.run()
    app.jobs.end_sessions()
    if code is None:
        return EXIT_CODES["failed"] if app.return_code else EXIT_CODES["cancelled"]
    return code
