"""What the wizard's screen does with what was found: has it looked for, fills fields with what is chosen of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget

from vmm_wizard.checks.status import Status
from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import AccountsFound, ChildrenFound, Found, LevelTurned, SuggestionTaken
from vmm_wizard.tui.screens.help import HelpScreen
from vmm_wizard.tui.widgets.field import Field
from vmm_wizard.tui.widgets.form import PageView
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.searched import Asked

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.facts.discovery_model import Discovery
    from vmm_wizard.tui.widgets.found_field import FoundField
    from vmm_wizard.wizard.suggesting import Suggestion


class ChoosingScreen(HelpScreen):
    """The part of the one screen that knows what was found, and puts what is chosen of it into fields."""

    def __init__(self, answers: Answers, jobs: Jobs) -> None:
        super().__init__()
        self.answers = answers
        self.jobs = jobs
        self.page = pages.PAGES[0]
        self.found: Discovery | None = None
        self.asked = Asked()

    @property
    def view(self) -> flow.View:
        """What the wizard knows now."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Show a sentence in the line below."""
        raise NotImplementedError

    def settle(self, *, leaving: bool = False) -> None:
        """Read what was typed since it rested last."""
        raise NotImplementedError

    def forget_typed(self, keys: Collection[str]) -> None:
        """What was typed for these answers is not to be read any more."""
        raise NotImplementedError

    def look(self, *, fresh: bool = False) -> None:
        """Have everything asked that the plan raises."""
        raise NotImplementedError

    def refresh_view(self) -> None:
        """Paint what is known."""
        raise NotImplementedError

    # --- looking for it

    def look_around(self, *, fresh: bool = False) -> None:
        """Have looked for what fields can be filled with, those of other pages too; nobody waits for it.

        Not on the first page while no account can ask: what is there to find is wanted from the second one on, and the
        first paint is to load nothing that talks.
        """
        able = any(account in self.jobs.secrets for account in self.answers.plan.accounts)
        if self.jobs.running or (self.page is pages.PAGES[0] and not able):
            return
        if fresh:
            self.asked = Asked(turned=self.asked.turned)
        self.jobs.discover(self.answers.plan, fresh=fresh)

    def look_for_accounts(self) -> None:
        """Have accounts looked for by what stands in the field that has the focus."""
        from vmm_wizard.wizard.found_accounts import wants_accounts

        field = self.focused_field()
        letters = wants_accounts(field.key, field.typed, self.asked) if field and not self.jobs.running else ""
        if letters:
            self.jobs.find_accounts(self.answers.plan, letters)

    @on(Found)
    def _was_found(self, event: Found) -> None:
        from vmm_wizard.facts.discovery_model import carried

        event.stop()
        self.found = carried(self.found, event.found)
        self.refresh_view()

    @on(AccountsFound)
    def _accounts_found(self, event: AccountsFound) -> None:
        event.stop()
        self.asked = self.asked.with_accounts(event.letters, event.answer)
        self.refresh_view()

    @on(ChildrenFound)
    def _children_found(self, event: ChildrenFound) -> None:
        event.stop()
        self.asked = self.asked.with_children(event.dn, event.answer)
        self.refresh_view()

    @on(LevelTurned)
    def _level_turned(self, event: LevelTurned) -> None:
        event.stop()
        self.turn_level(event.dn)

    def turn_level(self, dn: str) -> None:
        """Open a line of the tree, or close it; what lies below is asked for once."""
        self.asked = self.asked.with_turned(dn)
        if dn in self.asked.turned and dn not in self.asked.children:
            self.jobs.open_container(self.answers.plan, dn)
        self.refresh_view()

    # --- choosing of it

    def made(self) -> list[PageView]:
        """The pages that were shown once."""
        pages_made = self.query_one_optional("#pages")
        return [page for page in pages_made.children if isinstance(page, PageView)] if pages_made else []

    def fields(self) -> Iterator[Field]:
        """The fields of these pages."""
        for page in self.made():
            yield from page.fields

    def focused_field(self) -> FoundField | None:
        """The field that has the focus, where something can be found for it."""
        from vmm_wizard.tui.widgets.found_field import FoundField

        row: Widget | None = self.focused
        return next((node for node in row.ancestors if isinstance(node, FoundField)), None) if row else None

    @on(SuggestionTaken)
    def _suggestion_taken(self, event: SuggestionTaken) -> None:
        event.stop()
        self.take(event.key, event.suggestion)

    def take(self, key: str, suggestion: Suggestion) -> None:
        """Put a suggestion into all fields that it answers, and go on to the next one that it does not."""
        from vmm_wizard.wizard.filling import filled
        from vmm_wizard.wizard.suggesting import texts_of

        self.settle()
        texts, implied = texts_of(suggestion, self.answers)
        self.fill(texts)
        said = filled(implied)
        if suggestion.creates:
            self.jobs.offer(self.answers.plan, (_missing_container(),))
            said = text("found.creating", dn=suggestion.creates)
        elif (field := self.focused_field()) is not None and field.key == key:
            field.go_on(texts)
        self.say(said)

    def fill(self, texts: Mapping[str, str]) -> None:
        """Answer with these texts, by key, on whatever page their fields are."""
        before = self.answers.plan
        self.forget_typed(texts)
        for key, answer in texts.items():
            problem = self.answers.answer(key, answer)
            for row in self.fields():
                if row.key == key:
                    row.take(answer)
                    row.message(problem)
        if self.answers.plan != before:
            self.look()
        self.refresh_view()

    def list_found(self) -> None:
        """Offer in a dialog all that was found for the field that has the focus."""
        field = self.focused_field()
        offered = field.offering() if field else None
        if field is None or offered is None:
            self.say(text("found.nothing") if self.found else text("found.not_yet"))
            return
        key, rows = field.key, offered.suggestions

        def take(chosen: str | None) -> None:
            row = rows[int(chosen)] if chosen else None
            if row is not None and row.answers:
                self.take(key, row)
            elif row is not None and row.opens:
                self.turn_level(row.opens)

        listed = [(str(number), row.line) for number, row in enumerate(rows)]
        ask(self.app, offered.title, offered.note, listed, take)


def _missing_container() -> Finding:
    """What is offered to be mended when a container is to be created: that it is not there."""
    from vmm_wizard.checks.registry import Finding

    return Finding("DKM-01", "", "dkm", "", Status.FAIL, "", "", "")
