"""Help that follows the focus: a line below, a panel beside the page where there is room, and all of it by F1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import OptionList, Static

from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask, tell
from vmm_wizard.tui.keys import keys_help
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.help_line import bottom_line

if TYPE_CHECKING:
    from vmm_wizard.wizard.help import Help

#: What buttons are explained by, by their id.
_BUTTONS = {"next": "thing:next", "back": "thing:next", "start": "thing:start"}
#: Columns from which the panel fits beside the page.
PANEL = 110


class HelpPanel(Static):
    """What the panel says of the thing that has the focus; painted only when that is another text."""

    def __init__(self) -> None:
        super().__init__(id="panel", markup=False)
        self._told: object = None

    def tell(self, told: Help) -> None:
        """Show as many parts as there is room for."""
        from vmm_wizard.wizard.help import fitting

        width, height = self.content_size
        if (told, width, height) == self._told or not width:
            return
        self._told = (told, width, height)
        rows = [Content.styled(told.title, "bold"), Content("")]
        for heading, said in fitting(told, width, height):
            rows += [Content.styled(heading, "bold"), Content(said)]
        self.update(Content("\n").join([*rows, Content(""), Content.styled(text("help.more"), "dim")]))

    def on_resize(self) -> None:
        if isinstance(self.screen, HelpScreen):
            self.screen.tell_focus()


class HelpScreen(Screen[None]):
    """The part of the one screen that explains what has the focus."""

    page: pages.Page
    #: There is one only on a screen that had room for it once.
    _panel: HelpPanel | None = None

    def help_now(self) -> tuple[str, str]:
        """(subject, line) of what has the focus, both empty where nothing is known of it."""
        node: Widget | None = self.focused
        if node is not None and node.id in _BUTTONS:
            return _BUTTONS[node.id], ""
        while node is not None:
            subject, line = getattr(node, "help_subject", ""), getattr(node, "help_text", "")
            if subject or line:
                return subject, line
            node = node.parent if isinstance(node.parent, Widget) else None
        return "", ""

    def tell_focus(self) -> None:
        """Say what has the focus now: in the panel where it is shown, else in the line below."""
        subject, line = self.help_now()
        if self._panel is not None and self._panel.display:
            from vmm_wizard.wizard.help import help_of_thing

            self._panel.tell(help_of_thing(subject, line, self.page))
            return
        below = self.query_one_optional("#help", Static)
        said = bottom_line(line, subject, self.size.width - 2)
        if below is not None and below.content != said:
            # It is as high for one line as for two.
            below.update(said, layout=False)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        event.stop()
        self.tell_focus()

    @on(OptionList.OptionHighlighted)
    def _another_line(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_list.has_focus:
            self.tell_focus()

    def on_resize(self, event: Resize) -> None:
        if event.size.width >= PANEL and self._panel is None:
            self._panel = HelpPanel()
            self.query_one("#main").mount(self._panel)
        self.call_after_refresh(self.tell_focus)

    # --- all of it

    def open_help(self) -> None:
        """Explain what has the focus in full."""
        from vmm_wizard.wizard.help import help_of_thing

        self._explain(help_of_thing(*self.help_now(), self.page))

    def _explain(self, told: Help, back: Callable[[], object] | None = None) -> None:
        """Show a help in full; Escape goes `back` to what it was opened from."""
        from vmm_wizard.tui.screens.help_dialog import LEAVE, HelpDialog
        from vmm_wizard.wizard.help import help_of_page

        def again() -> None:
            self._explain(told, back)

        after: dict[str, Callable[[], object]] = {
            "glossary": lambda: self._open_glossary(told, again),
            "keys": lambda: tell(self.app, text("help.keys.title"), keys_help(), back=again),
            "page": lambda: self._explain(help_of_page(self.page), again),
            LEAVE: lambda: None,
        }

        def go_on(answer: str | None) -> None:
            if answer:
                after[answer]()
            elif back is not None:
                back()

        self.app.push_screen(HelpDialog(told), go_on)

    def _open_glossary(self, told: Help, back: Callable[[], object], at: str = "") -> None:
        """Choose a word; those of the help that one comes from stand first, and `at` is where one is."""
        from vmm_wizard.wizard import glossary
        from vmm_wizard.wizard.help import help_of_term

        rows = {row.key: row for row in (*told.terms, *glossary.terms())}

        def go_on(key: str | None) -> None:
            if key:
                self._explain(help_of_term(rows[key]), lambda: self._open_glossary(told, back, key))
            else:
                back()

        names = [(row.key, row.name) for row in rows.values()]
        ask(self.app, text("help.glossary.title"), text("help.glossary.text"), names, go_on, at=at)
