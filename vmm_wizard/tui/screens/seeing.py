"""What the wizard's screen does with pictures and requests: opens them, and keeps an open picture up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask as ask_in_a_dialog
from vmm_wizard.tui.asking import tell
from vmm_wizard.tui.messages import RequestWanted, SeeWanted, SentenceSaid
from vmm_wizard.tui.screens.running import RunScreen
from vmm_wizard.wizard import flow

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.checks.remedies import Team
    from vmm_wizard.tui.screens.see import SeeScreen


class SeeingScreen(RunScreen):
    """The part of the one screen that the picture of the installation is opened from."""

    _seen: SeeScreen | None = None

    def see(self, first: int = 0) -> None:
        """Show the picture (0), the table of checks (1) or the two answer files (2) over whatever is open; while one
        of them is in front: go back."""
        from vmm_wizard.tui.screens.see import SeeScreen

        if self._seen is not None:
            if self.app.screen is self._seen:
                self._seen.action_back()
            return
        self.leave()
        self._seen = SeeScreen(self.view, self.run_state, first)
        self.app.push_screen(self._seen, self._not_seen)

    def leave_picture(self) -> None:
        if self._seen is not None and self.app.screen is self._seen:
            self._seen.action_back()

    def _not_seen(self, _: None) -> None:
        self._seen = None

    @on(SeeWanted)
    def _see_wanted(self, event: SeeWanted) -> None:
        event.stop()
        self.see()

    @on(SentenceSaid)
    def _sentence_said(self, event: SentenceSaid) -> None:
        event.stop()
        self.say(event.text)

    # --- requests

    @on(RequestWanted)
    def _request_wanted(self, event: RequestWanted) -> None:
        event.stop()
        self.request()

    def ask_for(self, findings: tuple[Finding, ...]) -> None:
        from vmm_wizard.wizard.sharing import requested_of

        self._choose_team(requested_of(findings))

    def request(self) -> None:
        """Choose one of the teams that must do something, and show the request to it."""
        from vmm_wizard.wizard.sharing import request_choices

        self.leave()
        self._choose_team(request_choices(self.view.findings, self.follow_up_rows), ask=True)

    def _choose_team(self, teams: tuple[tuple[str, str], ...], *, ask: bool = False) -> None:
        from vmm_wizard.checks.remedies import Team

        def chosen(team: str | None) -> None:
            if team:
                self._show_request(Team(team))

        if not teams:
            tell(self.app, text("see.request.title"), text("see.request.none"))
        elif len(teams) == 1 and not ask:
            chosen(teams[0][0])
        else:
            ask_in_a_dialog(self.app, text("see.request.title"), text("see.request.about"), teams, chosen)

    def _show_request(self, team: Team) -> None:
        from vmm_wizard.wizard.sharing import request_to

        answers = self.answers
        shared = request_to(team, answers.plan, self.view.findings, answers.file, self.follow_up_rows)
        tell(self.app, text("see.request.title"), shared.masked, shared)

    # --- the picture

    def show_watchers(self, view: flow.View, status: str) -> None:
        """Tell an open picture what is known now."""
        if self._seen is not None and self._seen.is_mounted:
            self._seen.show(view, self.run_state, status)
