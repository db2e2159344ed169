"""What all pages share: title, what the page is about, its body, and where findings and answers are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from vmm_wizard.plan.fields import Kind
from vmm_wizard.texts import counted, text
from vmm_wizard.tui.widgets.field import Field, PasswordField, Sentence
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.field_words import example
from vmm_wizard.wizard.found_keys import KEYS
from vmm_wizard.wizard.order_fields import all_fields

if TYPE_CHECKING:
    from vmm_wizard.afterwards.model import FollowUp
    from vmm_wizard.wizard.run_state import RunState


class Pane(VerticalScroll):
    """A text to read on a page: arrows scroll it while it has the focus."""

    help_text = text("fields.scroll")

    def allow_focus(self) -> bool:
        """Only what does not fit needs the keys."""
        return bool(self.max_scroll_y > 0)


class PageView(VerticalScroll, can_focus=False):
    """A page of the wizard. It composes from `answers` and `view`, and is told of changes by `show`."""

    page: pages.Page

    def __init__(self, answers: Answers, view: flow.View) -> None:
        super().__init__(id=f"page-{self.page.id}")
        self.answers = answers
        self.view = view
        self.ready = False

    def compose(self) -> ComposeResult:
        yield Static(self.page.name, classes="title")
        yield Static(self.page.about, classes="about", markup=False)
        yield from self.body()

    def body(self) -> Iterator[Widget]:
        """What stands below title and sentence."""
        yield from ()

    def on_mount(self) -> None:
        self.ready = True
        self.show(self.view)

    def show(self, view: flow.View) -> None:
        """Something is known that was not, or an answer has changed. Only once the page is there (`ready`)."""
        self.view = view

    def tell(self, state: RunState) -> None:
        """How far the run is: for the pages that show it."""

    def follow(self, lines: Sequence[str], rows: Sequence[FollowUp] = ()) -> None:
        """What follows an install: for the page that shows it."""

    @property
    def fields(self) -> list[Field]:
        """The fields of the page. Not by a query, which looks at everything in them with each key."""
        return [row for row in self.children if isinstance(row, Field)]

    @property
    def passwords(self) -> list[PasswordField]:
        """The passwords that are asked for on the page."""
        return [row for row in self.children if isinstance(row, PasswordField)]

    def commit(self) -> None:
        """Take what is typed but not taken yet: the page is about to be left or saved."""


class FormPage(PageView):
    """A page with fields and the findings about them."""

    #: Whether anything that is found out belongs on it.
    is_judged = True

    def body(self) -> Iterator[Widget]:
        yield from self.rows()
        if self.is_judged:
            from vmm_wizard.tui.widgets.findings import FindingsList

            yield Sentence(classes="waiting")
            yield FindingsList()

    def rows(self) -> Iterator[Widget]:
        """The fields of the page, each account followed by its password."""
        for key in self.page.keys:
            yield self.field(key)
            if key in self.page.passwords:
                yield self.password(key)

    def field(self, key: str) -> Field:
        """The field of one answer."""
        return _field_class(key)(key, self.answers.text(key), self.answers.wrong.get(key, ""), example(key))

    def password(self, key: str) -> PasswordField:
        """The password of the account that the answer `key` names."""
        account = flow.account_at(self.view.plan, key)
        return PasswordField(key, account, _state_of(self.view, account))

    def show(self, view: flow.View) -> None:
        super().show(view)
        for row in self.passwords:
            account = flow.account_at(view.plan, row.key)
            row.of(account, _state_of(view, account), is_unread=row.key in view.wrong)
            if not self._is_at(row.key):
                row.commit()
        for field in self.fields:
            field.offer(view)
        if self.is_judged:
            self._show_findings(view)

    def _show_findings(self, view: flow.View) -> None:
        from vmm_wizard.tui.widgets.findings import FindingsList
        from vmm_wizard.wizard.finding_lines import lines_of

        self.query_one(FindingsList).show(lines_of(view, flow.findings_of(view, self.page)))
        number, asking = flow.waiting_checks(view, self.page)
        others = ", ".join(page.name for page in asking)
        problem = flow.problem_of(view, self.page)
        follow = counted("fields.will_follow", number, pages=others) if number else ""
        self.query_one(".waiting", Sentence).say(f"X {problem}" if problem else follow)

    def _is_at(self, key: str) -> bool:
        """Whether the focus is on an account or its password: a name that is still typed gets no password."""
        focused = self.screen.focused
        rows = focused.ancestors if focused is not None else ()
        return any(isinstance(row, (Field, PasswordField)) and row.key == key for row in rows)

    def commit(self) -> None:
        for row in self.passwords:
            row.commit()


def _state_of(view: flow.View, account: str) -> str:
    """What a password's empty field says."""
    if flow.is_refused(view, account):
        return text("fields.password.refused")
    return text("fields.password.given") if account in view.passwords else text("fields.password.missing")


def _field_class(key: str) -> type[Field]:
    """The class of an answer's field. What lists and editors are made of is loaded for the pages that have them, which
    the first one has not."""
    if key in KEYS:
        from vmm_wizard.tui.widgets.found_field import FoundField

        return FoundField
    if all_fields(key).kind is Kind.ROWS:
        from vmm_wizard.tui.widgets.rows_field import RowsField

        return RowsField
    return Field
