"""What the wizard's screen does with findings: shows them, offers to mend them, and goes to the field they judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import on

from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask, tell
from vmm_wizard.tui.messages import ACCEPT, FIELD, MEND, REQUEST, FindingsChosen, Mended, Offered
from vmm_wizard.tui.screens.accepting import AcceptingScreen
from vmm_wizard.wizard import pages

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.mending.model import Offer

#: Columns of an offer's text in a dialog.
_WIDTH = 70


class FindingScreen(AcceptingScreen):
    """The part of the one screen that dialogs about findings come from."""

    async def show_page(self, page: pages.Page, key: str = "") -> None:
        """Put `page` in front, the field of the answer `key` ready; without one its first field."""
        raise NotImplementedError

    def leave_picture(self) -> None:
        """Close the picture of the installation, where it is open."""
        raise NotImplementedError

    def ask_for(self, findings: tuple[Finding, ...]) -> None:
        """Show the request to the team that must act for findings."""
        raise NotImplementedError

    # --- findings, and mending them

    @on(FindingsChosen)
    def _findings_chosen(self, event: FindingsChosen) -> None:
        from vmm_wizard.tui.screens.dialogs import findings_dialog

        event.stop()
        acts = self._acts(event.findings)
        if event.act == ACCEPT or event.act in acts:
            self._do(event.act, event.findings)
        elif event.act == FIELD:
            self.say(text("findings.field.none", check=event.findings[0].id))
        else:
            self.app.push_screen(findings_dialog(event.findings, acts), lambda act: self._do(act, event.findings))

    def _acts(self, findings: Sequence[Finding]) -> dict[str, str]:
        """What can be done about findings now, each with the sentence on its key."""
        from vmm_wizard.wizard.accepting import acceptable, accepted
        from vmm_wizard.wizard.judged import field_of
        from vmm_wizard.wizard.mendable import mendable
        from vmm_wizard.wizard.sharing import requested_of

        acts = {}
        if not self.jobs.running:
            if mendable(findings):
                acts[MEND] = text("see.mend.key")
            if acceptable(self.answers.plan, findings):
                acts[ACCEPT] = text("findings.accept.key")
            elif accepted(findings):
                acts[ACCEPT] = text("findings.accept.back_key")
        if requested_of(findings):
            acts[REQUEST] = text("see.request.key")
        if field_of(self.view, findings):
            acts[FIELD] = text("findings.field.key")
        return acts

    def _do(self, act: str | None, findings: tuple[Finding, ...]) -> None:
        from vmm_wizard.wizard.mendable import mendable

        if act == REQUEST:
            self.ask_for(findings)
        elif act == ACCEPT:
            self.accept(findings)
        elif act == FIELD:
            self.call_later(self._to_field, findings)
        elif act == MEND:
            wrong = mendable(findings)
            self.say(text("findings.mend.looking", check=wrong[0].id))
            self.jobs.offer(self.answers.plan, wrong)

    async def _to_field(self, findings: tuple[Finding, ...]) -> None:
        """Put the field in front that findings judge."""
        from vmm_wizard.wizard.judged import field_of

        place = field_of(self.view, findings)
        if place is not None:
            page, key = place
            self.leave_picture()
            await self.show_page(page, key)
            self.say(text("findings.field.here", check=findings[0].id, answer=pages.LABELS[key]))

    # --- from the palette: of the line that one is at, or of one that is chosen

    def act_on_chosen(self, act: str) -> None:
        """Accept the finding that one is at, or go to its field; where one is at none, choose it first."""
        from vmm_wizard.tui.widgets.findings import FindingsList
        from vmm_wizard.wizard.accepting import open_lines

        at = self.focused
        if isinstance(at, FindingsList) and at.findings:
            self.post_message(FindingsChosen(at.findings, act))
        elif act == ACCEPT:
            self.choose_to_accept()
        else:
            lines = open_lines(self.view)

            def chosen(answer: str | None) -> None:
                if answer:
                    self.post_message(FindingsChosen(lines[int(answer)].findings, act))

            rows = [(str(place), line.whole) for place, line in enumerate(lines)]
            self.choose_line(text("findings.field.which"), rows, chosen)

    @on(Offered)
    def _offered(self, event: Offered) -> None:
        from vmm_wizard.report import mending as report
        from vmm_wizard.wizard.sharing import alone

        event.stop()
        self.say("")
        offers, refusals = event.offers, event.refusals
        reasons = [f"{row.check_id}{f' ({row.subject})' if row.subject else ''}: {row.reason}" for row in refusals]
        if not offers:
            remedy = [row.remedy for row in refusals if row.remedy][:1]
            said = "\n\n".join([*reasons, *remedy])
            shared = alone(refusals[0].check_id, remedy[0]) if remedy else None
            tell(self.app, text("findings.mend.not_here"), said, shared)
            return
        said = "\n".join([line for row in offers for line in report.lines_of(row, _WIDTH)] + reasons)
        answers = (("", text("findings.mend.no")), ("mend", text("findings.mend.yes")))
        title = text("findings.mend.title", check=offers[0].check_id)
        ask(self.app, title, said, answers, self._answer_to(offers))

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
