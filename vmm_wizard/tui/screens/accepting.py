"""What the wizard's screen does to accept a finding: asks for the reason, writes it into the answers, takes it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask
from vmm_wizard.tui.screens.choosing import ChoosingScreen

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.plan.model import Acceptance, Plan
    from vmm_wizard.tui.screens.accept_dialog import Word


class AcceptingScreen(ChoosingScreen):
    """The part of the one screen that findings are accepted from."""

    def mark(self, plan: Plan, said: str) -> None:
        """The answers say something else of findings from now on: these are judged again, and `said` is shown."""
        self.answers.plan = plan
        self.look()
        self.refresh_view()
        self.say(said)

    def accept(self, findings: Sequence[Finding]) -> None:
        """Ask for the reason that findings are accepted for, offer to take that back, or say why neither can be."""
        from vmm_wizard.tui.screens.accept_dialog import AcceptDialog
        from vmm_wizard.wizard.accepting import acceptable, accepted, objection

        plan = self.answers.plan
        rows, marks = acceptable(plan, findings), accepted(findings)
        if self.jobs.running:
            self._refuse(text("findings.accept.running"))
        elif rows:
            self.app.push_screen(AcceptDialog(rows), lambda word: self._accepted(rows, word))
        elif marks:
            self._ask_to_take_back(marks)
        elif findings:
            self._refuse(f"{findings[0].id}: {objection(plan, findings[0])}.")

    def _refuse(self, said: str) -> None:
        back = ("", text("findings.accept.go_back"))
        ask(self.app, text("findings.accept.refused"), said, [back])

    def _accepted(self, findings: Sequence[Finding], word: Word | None) -> None:
        from vmm_wizard.wizard.accepting import accept, names_of

        if word is None:
            return
        plan, today = self.answers.plan, date.today().isoformat()  # noqa: DTZ011 - the day on the admin's own calendar
        try:
            for row in findings:
                plan = accept(plan, row, word.reason, word.by, today)
        except ValueError as error:
            self._refuse(str(error))
            return
        self.mark(plan, text("findings.accept.done", names=names_of(findings)))

    def _ask_to_take_back(self, rows: Sequence[Acceptance]) -> None:
        from vmm_wizard.wizard.accepting import names_of, take_back

        def answered(answer: str | None) -> None:
            if answer == "back":
                self.mark(take_back(self.answers.plan, rows), text("findings.accept.taken_back", names=names_of(rows)))

        answers = (("", text("findings.accept.keep")), ("back", text("findings.accept.back")))
        title = text("findings.accept.back_title", names=names_of(rows))
        ask(self.app, title, "\n".join(dict.fromkeys(map(str, rows))), answers, answered)

    # --- from the palette

    def choose_to_accept(self) -> None:
        """Choose a finding to accept, or one that is accepted; also of what is found no more."""
        from vmm_wizard.wizard.accepting import idle_rows, names_of, open_lines

        lines, idle = open_lines(self.view), idle_rows(self.view)
        rows = [(str(place), line.whole) for place, line in enumerate(lines)]
        said = (text("findings.accept.idle", names=names_of([row])) for row in idle)
        rows += [(f"idle{place}", line) for place, line in enumerate(said)]

        def chosen(answer: str | None) -> None:
            if answer and answer.startswith("idle"):
                self._ask_to_take_back([idle[int(answer.removeprefix("idle"))]])
            elif answer:
                self.accept(lines[int(answer)].findings)

        self.choose_line(text("findings.accept.which"), rows, chosen)

    def choose_line(self, title: str, rows: Sequence[tuple[str, str]], chosen: Callable[[str | None], None]) -> None:
        """Choose one of these findings; say that there is none where there is none."""
        if rows:
            ask(self.app, title, "", rows, chosen)
        else:
            self.say(text("findings.none_open"))
