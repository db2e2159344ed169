"""What the application does for each action that works from any page: the half of it that keys and palette reach."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App
from textual.binding import BindingType
from textual.events import Event, Key, Resize

from vmm_wizard import log
from vmm_wizard.texts import text
from vmm_wizard.tui.asking import ask
from vmm_wizard.tui.keys import OWN, bindings
from vmm_wizard.tui.messages import ACCEPT, FIELD, LeaveWanted, StartWanted, StepsWanted, StopWanted
from vmm_wizard.tui.painting import Painter, painting
from vmm_wizard.tui.terminals import Look, in_ascii
from vmm_wizard.tui.widgets.inputs import LineInput
from vmm_wizard.wizard import flow, pages

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.message_pump import MessagePump

    from vmm_wizard.tui.screens.wizard import WizardScreen

#: The screen that everything is made for; a smaller one scrolls.
COLUMNS, ROWS = 80, 24


#: Seconds that such a key may take before the next one is looked at all the same.
_PATIENCE = 0.5
#: Seconds that a page may take to come before keys go to what has the focus all the same: a busy computer takes long
#: for the second page, and letters for it would choose another job on the first.
_TURNING = 5.0


async def _catch_up(node: MessagePump) -> None:
    """Wait until a widget has dealt with what it was told so far; not for ever."""
    done = asyncio.Event()
    if node.call_later(done.set):
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), _PATIENCE)


class DoingApp(App[int], inherit_bindings=False):
    """Pages, palette, help and the run, by the table of actions."""

    BINDINGS: ClassVar[list[BindingType]] = bindings()
    wizard: WizardScreen
    painter: Painter

    def __init__(self, look: Look) -> None:
        self.look = look
        self._told_small = ""
        # Without colours none may be sent, not even grey: as Textual has it, that is the native colours taken away.
        super().__init__(ansi_color=None if look.colours else True)
        self.theme = look.theme

    def copy_to_clipboard(self, text: str) -> None:
        """The clipboard never gets a secret."""
        super().copy_to_clipboard(log.masked(text))

    def get_driver_class(self) -> type[Driver]:
        """The terminal's driver, with the painter between it and us."""
        self.painter = Painter(in_ascii if self.look.ascii else None)
        return painting(super().get_driver_class(), self.painter)

    async def on_event(self, event: Event) -> None:
        """A key that is no letter is done with before the next one is looked at.

        Letters go to what has the focus when they are read, and other keys come back here to be looked up. Of those
        that arrive together (on a slow line, from a password manager that types) all would go to the first field: the
        password behind the account.
        """
        if isinstance(event, Key):
            self.wizard.has_begun = True
        if isinstance(event, Key) and not event.is_forwarded and self.screen is self.wizard:
            # Keys for a page that is being turned to are for its first field, not for what has the focus meanwhile.
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wizard.settled_down.wait(), _TURNING)
        key = event.key if isinstance(event, Key) and not (event.is_forwarded or event.is_printable) else ""
        line = self.focused if key else None
        if not isinstance(line, LineInput):
            await super().on_event(event)
            return
        await _catch_up(line)
        if not (await self._check_bindings(key, priority=True) or await self._check_bindings(key)):
            await super().on_event(event)
        elif key == "enter" and line.screen is self.wizard:
            # What follows goes up from the input, message by message.
            for node in (node for node in line.ancestors_with_self if node is not self):
                await _catch_up(node)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys of the wizard do nothing while a dialog is open; quitting always works."""
        return self.screen is self.wizard if action in OWN else True

    def on_resize(self, event: Resize) -> None:
        """A screen smaller than what everything is made for is told of once, until it is larger."""
        is_small = event.size.width < COLUMNS or event.size.height < ROWS
        if is_small and not self._told_small:
            self._told_small = text("terminal.small", columns=event.size.width, rows=event.size.height)
            self.wizard.say(self._told_small)
        elif not is_small and self._told_small and self.wizard.status == self._told_small:
            self.wizard.say("")

    async def action_next_page(self) -> None:
        await self.wizard.next_page()

    async def action_previous_page(self) -> None:
        await self.wizard.previous_page()

    def action_look_again(self) -> None:
        self.wizard.leave()
        self.wizard.look(fresh=True)
        # Something else may have written onto the terminal.
        self.painter.forget()
        self.screen.refresh()

    def action_found(self) -> None:
        self.wizard.list_found()

    def action_help(self) -> None:
        self.wizard.open_help()

    def action_lesson(self) -> None:
        self.wizard.show_lesson()

    def action_see(self) -> None:
        self.wizard.see()

    def action_request(self) -> None:
        self.wizard.request()

    def action_accept(self) -> None:
        self.wizard.act_on_chosen(ACCEPT)

    def action_field(self) -> None:
        self.wizard.act_on_chosen(FIELD)

    @on(StepsWanted)
    def action_steps(self) -> None:
        """Go to any page: by the list of steps, or by a dialog where the screen is too narrow for it."""
        if self.wizard.walk_steps():
            return
        view = self.wizard.view
        rows = [(page.id, f"{page.name}  ({flow.mark_of(view, page).word or '-'})") for page in view.pages]
        ask(self, text("steps.go"), "", rows, self._go_to)

    async def _go_to(self, page_id: str | None) -> None:
        if page_id:
            await self.wizard.show_page(pages.BY_ID[page_id])

    def action_colours(self) -> None:
        """Switch between light and dark."""
        self.look = replace(self.look, theme=self.look.next_theme)
        self.theme = self.look.theme
        if not self.look.colours:
            self.wizard.say(text("terminal.no_colours"))

    def action_palette(self) -> None:
        """Choose from every page and every action."""
        from vmm_wizard.tui.screens.palette import PaletteDialog
        from vmm_wizard.wizard import palette

        self.wizard.settle()
        self.push_screen(PaletteDialog(palette.entries(self.wizard.view)), self._do)

    async def _do(self, entry: str | None) -> None:
        from vmm_wizard.wizard.palette import PAGE

        if entry and entry.startswith(PAGE):
            await self._go_to(entry.removeprefix(PAGE))
        elif entry:
            await self.run_action(entry)

    async def action_start(self) -> None:
        """Start the run, from its page."""
        await self.wizard.show_page(pages.RUN)
        self.wizard.post_message(StartWanted())

    async def action_leave(self) -> None:
        """Ask whether the run shall go on without the wizard."""
        await self.wizard.show_page(pages.RUN)
        self.wizard.post_message(LeaveWanted())

    def action_runs(self) -> None:
        self.wizard.list_runs()

    async def action_bell(self) -> None:
        """Not Textual's, which rings: whether ours rings at all."""
        self.wizard.turn_bell()

    async def action_stop(self) -> None:
        """Ask whether to stop the run."""
        await self.wizard.show_page(pages.RUN)
        self.wizard.post_message(StopWanted())
