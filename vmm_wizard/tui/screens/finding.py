"""What the wizard's screen does with findings: shows them, and offers to mend them."""

from __future__ import annotations

from collections.abc import Callable

from textual import on

from vmm_wizard.checks.registry import Finding
from vmm_wizard.mending.model import Offer
from vmm_wizard.report import mending as report
from vmm_wizard.texts import text
from vmm_wizard.tui.messages import FindingsChosen, Mended, Offered
from vmm_wizard.tui.screens.choosing import ChoosingScreen
from vmm_wizard.tui.screens.dialogs import MEND, REQUEST, ChoiceDialog, TextDialog, findings_dialog
from vmm_wizard.wizard.mendable import mendable
from vmm_wizard.wizard.sharing import alone

#: Columns of an offer's text in a dialog.
_WIDTH = 70


class FindingScreen(ChoosingScreen):
    """The part of the one screen that dialogs about findings come from."""

    def ask_for(self, findings: tuple[Finding, ...]) -> None:
        """Show the request to the team that must act for findings."""
        raise NotImplementedError

    # --- findings, and mending them

    @on(FindingsChosen)
    def _findings_chosen(self, event: FindingsChosen) -> None:
        event.stop()
        wrong = () if self.jobs.running else mendable(event.findings)

        def answered(answer: str | None) -> None:
            if answer == REQUEST:
                self.ask_for(event.findings)
            elif answer == MEND:
                self.say(text("findings.mend.looking", check=wrong[0].id))
                self.jobs.offer(self.answers.plan, wrong)

        if event.mend and wrong:
            answered(MEND)
            return
        self.app.push_screen(findings_dialog(event.findings, mendable=bool(wrong)), answered)

    @on(Offered)
    def _offered(self, event: Offered) -> None:
        event.stop()
        self.say("")
        offers, refusals = event.offers, event.refusals
        reasons = [f"{row.check_id}{f' ({row.subject})' if row.subject else ''}: {row.reason}" for row in refusals]
        if not offers:
            remedy = [row.remedy for row in refusals if row.remedy][:1]
            said = "\n\n".join([*reasons, *remedy])
            shared = alone(refusals[0].check_id, remedy[0]) if remedy else None
            self.app.push_screen(TextDialog(text("findings.mend.not_here"), said, shared))
            return
        said = "\n".join([line for row in offers for line in report.lines_of(row, _WIDTH)] + reasons)
        answers = (("", text("findings.mend.no")), ("mend", text("findings.mend.yes")))
        self.app.push_screen(
            ChoiceDialog(text("findings.mend.title", check=offers[0].check_id), said, answers), self._answer_to(offers)
        )

    def _answer_to(self, offers: tuple[Offer, ...]) -> Callable[[str | None], None]:
        def answered(answer: str | None) -> None:
            if answer == "mend":
                self.say(text("findings.mend.doing", check=offers[0].check_id))
                self.jobs.mend(self.answers.plan, offers)

        return answered

    @on(Mended)
    def _mended(self, event: Mended) -> None:
        event.stop()
        self.look()
        self.say(event.text)
