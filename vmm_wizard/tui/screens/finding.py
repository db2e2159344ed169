"""What the wizard's screen does with findings and with what was found: shows, offers to mend, offers to choose."""

from __future__ import annotations

from collections.abc import Callable

from textual import on

from vmm_wizard.checks.registry import Finding
from vmm_wizard.facts.discovery_model import Discovery
from vmm_wizard.mending.model import Offer
from vmm_wizard.report import mending as report
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import FindingsChosen, Found, Mended, Offered
from vmm_wizard.tui.screens.dialogs import MEND, REQUEST, ChoiceDialog, TextDialog, findings_dialog
from vmm_wizard.tui.screens.help import HelpScreen
from vmm_wizard.tui.widgets.field import Field
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.found import KEYS, offering
from vmm_wizard.wizard.mendable import mendable
from vmm_wizard.wizard.sharing import alone

#: Columns of an offer's text in a dialog.
_WIDTH = 70


class FindingScreen(HelpScreen):
    """The part of the one screen that dialogs about findings and lists of what was found come from."""

    def __init__(self, answers: Answers, jobs: Jobs) -> None:
        super().__init__()
        self.answers = answers
        self.jobs = jobs
        self.page = pages.PAGES[0]
        self.found: Discovery | None = None

    def say(self, text: str) -> None:
        """Show a sentence in the line below."""
        raise NotImplementedError

    def look(self, *, fresh: bool = False) -> None:
        """Have everything asked that the plan raises."""
        raise NotImplementedError

    def refresh_view(self) -> None:
        """Paint what is known."""
        raise NotImplementedError

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
                self.say(f"looking whether {wrong[0].id} can be mended from here ...")
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
            self.app.push_screen(TextDialog("Not mended from here", said, shared))
            return
        text = "\n".join([line for row in offers for line in report.lines_of(row, _WIDTH)] + reasons)
        answers = (("", "No, change nothing"), ("mend", "Yes: make the change, then check again"))
        self.app.push_screen(ChoiceDialog(f"Mend {offers[0].check_id}?", text, answers), self._answer_to(offers))

    def _answer_to(self, offers: tuple[Offer, ...]) -> Callable[[str | None], None]:
        def answered(answer: str | None) -> None:
            if answer == "mend":
                self.say(f"mending {offers[0].check_id} ...")
                self.jobs.mend(self.answers.plan, offers)

        return answered

    @on(Mended)
    def _mended(self, event: Mended) -> None:
        event.stop()
        self.look()
        self.say(event.text)

    # --- what was found to choose from

    def look_around(self, *, fresh: bool = False) -> None:
        """Have looked for what the page in front can be filled with; nobody waits for it."""
        if KEYS & set(self.page.keys) and not self.jobs.running:
            self.jobs.discover(self.answers.plan, fresh=fresh)

    @on(Found)
    def _was_found(self, event: Found) -> None:
        event.stop()
        self.found = event.found
        self.refresh_view()

    def list_found(self) -> None:
        """Offer what was found for the field that has the focus."""
        field = next((row for row in self.focused.ancestors if isinstance(row, Field)), None) if self.focused else None
        offered = offering(field.key, self.found, self.answers.plan) if field else None
        if offered is None:
            self.say("nothing was found for this field" if self.found else "nothing was looked for yet")
            return

        def take(chosen: str | None) -> None:
            if chosen:
                texts = offered.suggestions[int(chosen)].answers
                for row in self.query(Field):
                    if row.key in texts:
                        row.put(texts[row.key])

        rows = [(str(number), row.text) for number, row in enumerate(offered.suggestions)]
        self.app.push_screen(ChoiceDialog(offered.title, offered.note, rows), take)
