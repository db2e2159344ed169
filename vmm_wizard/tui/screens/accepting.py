"""What the wizard's screen does to accept a finding: asks for the reason, writes it into the answers, takes it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from vmm_wizard.checks.registry import Finding
from vmm_wizard.plan.model import Acceptance, Plan
from vmm_wizard.printable import printable
from vmm_wizard.texts import text
from vmm_wizard.tui.screens.choosing import ChoosingScreen
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard.accepting import (
    accept,
    acceptable,
    accepted,
    idle_rows,
    names_of,
    objection,
    open_lines,
    take_back,
    user,
)


@dataclass(frozen=True, slots=True)
class Word:
    """Why something is accepted, and by whom."""

    reason: str
    by: str


class AcceptDialog(ModalScreen[Word | None]):
    """Asks why findings are accepted, and whose word that is; returns None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__()
        self._title = text("findings.accept.title", names=names_of(findings))
        self._read = "\n".join(dict.fromkeys(printable(row.evidence) for row in findings))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="title", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(self._read, markup=False)
            yield Static(text("findings.accept.about"), classes="about", markup=False)
            for name, value in (("reason", ""), ("by", user())):
                with Horizontal(classes="line"):
                    yield Label(text(f"findings.accept.label.{name}"), classes="label")
                    yield LineInput(value, id=f"accept-{name}")
            yield Static(classes="message", markup=False)
            yield Static(text("findings.accept.keys"), classes="hint", markup=False)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        reason, by = (self.query_one(f"#accept-{name}", LineInput) for name in ("reason", "by"))
        if reason.value.strip():
            self.dismiss(Word(reason.value, by.value))
            return
        self.query_one(".message", Static).update(text("findings.accept.no_reason"))
        reason.focus()


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
        self.app.push_screen(ChoiceDialog(text("findings.accept.refused"), said, [back]))

    def _accepted(self, findings: Sequence[Finding], word: Word | None) -> None:
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
        def answered(answer: str | None) -> None:
            if answer == "back":
                self.mark(take_back(self.answers.plan, rows), text("findings.accept.taken_back", names=names_of(rows)))

        answers = (("", text("findings.accept.keep")), ("back", text("findings.accept.back")))
        title = text("findings.accept.back_title", names=names_of(rows))
        self.app.push_screen(ChoiceDialog(title, "\n".join(dict.fromkeys(map(str, rows))), answers), answered)

    # --- from the palette

    def choose_to_accept(self) -> None:
        """Choose a finding to accept, or one that is accepted; also of what is found no more."""
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
            self.app.push_screen(ChoiceDialog(title, "", rows), chosen)
        else:
            self.say(text("findings.none_open"))
