"""Fields: what is pasted, chosen and typed becomes what was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.widgets import OptionList, Static

from vmm_wizard.tui.screens.dialogs import ChoiceDialog, TextDialog
from vmm_wizard.tui.widgets.choice import Choice
from vmm_wizard.tui.widgets.field import Field
from vmm_wizard.tui.widgets.inputs import MOST, LineInput, PasswordInput, comma_list, first_line


class OneWidget(App[None]):
    """Shows one widget."""

    def __init__(self, widget: Choice | LineInput | Field) -> None:
        super().__init__()
        self.widget = widget
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_choice_changed(self, event: Choice.Changed) -> None:
        self.chosen.append(event.value)


async def pasted(widget: LineInput, text: str) -> str:
    """What stands in the input after a paste."""
    async with OneWidget(widget).run_test() as pilot:
        widget.focus()
        widget.post_message(Paste(text))
        await pilot.pause()
        return widget.value


async def test_a_pasted_line_loses_its_line_end() -> None:
    assert await pasted(LineInput(), "CN=VMMDKM,DC=contoso,DC=lab\r\n") == "CN=VMMDKM,DC=contoso,DC=lab"


async def test_of_several_pasted_lines_a_single_answer_takes_the_first() -> None:
    assert await pasted(LineInput(), "\n  sql01  \nsql02\n") == "sql01"


async def test_several_pasted_lines_become_a_list() -> None:
    assert await pasted(LineInput(join=comma_list), "vmm01\r\nvmm02\n\nvmm03") == "vmm01, vmm02, vmm03"


async def test_control_characters_are_not_pasted() -> None:
    assert await pasted(LineInput(), "a\x1b[31mb\tc") == "a [31mb c"


async def test_of_a_whole_file_that_is_pasted_no_more_is_taken_than_an_answer_may_have() -> None:
    assert await pasted(LineInput(), "x" * 1_000_000) == "x" * MOST


async def test_what_is_asked_and_told_in_a_dialog_does_not_steer_the_terminal() -> None:
    dialogs = (ChoiceDialog("\x1b[2J", "\x1b[2J", [("a", "\x1b[2J")]), TextDialog("\x1b[2J", "\x1b[2J"))
    async with OneWidget(LineInput()).run_test() as pilot:
        for dialog in dialogs:
            await pilot.app.push_screen(dialog)
            shown = "".join(str(row.content) for row in dialog.query(Static))
            shown += "".join(str(option.prompt) for row in dialog.query(OptionList) for option in row.options)
            assert r"\x1b[2J" in shown
            assert "\x1b" not in shown


async def test_what_a_file_holds_does_not_steer_the_terminal() -> None:
    field = Field("domain", "a\x1b]0;title\x07\nb")
    async with OneWidget(field).run_test() as pilot:
        shown = field.query_one(LineInput)
        assert shown.value == r"a\x1b]0;title\x07 b"
        assert not field.is_ahead
        field.take("c\x1b[2Jd")
        await pilot.pause()
        assert shown.value == r"c\x1b[2Jd"
        assert not field.is_ahead


async def test_a_paste_goes_where_the_cursor_is() -> None:
    field = LineInput(join=comma_list)
    async with OneWidget(field).run_test() as pilot:
        field.focus()
        await pilot.press(*"ac", "left")
        field.post_message(Paste("b"))
        await pilot.pause()
        assert field.value == "abc"


@given(st.text())
def test_what_is_pasted_never_holds_a_line_break(text: str) -> None:
    for joined in (first_line(text), comma_list(text)):
        assert len(joined.splitlines()) <= 1


async def test_a_password_is_neither_shown_nor_copied() -> None:
    field = PasswordInput()
    app = OneWidget(field)
    async with app.run_test() as pilot:
        field.focus()
        await pilot.press(*"canary", "ctrl+shift+a", "ctrl+c")
        assert field.value == "canary"
        assert app.clipboard == ""
        await pilot.press("ctrl+x")
        assert app.clipboard == ""
        assert "canary" not in "".join(strip.text for strip in app.screen._compositor.render_strips())


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        (["right"], "2025"),
        (["left"], "2019"),
        (["left", "left", "left"], "2016"),
        (["right", "right"], "2025"),
        (["9"], "2019"),
        (["6"], "2016"),
    ],
)
async def test_keys_choose_one_of_a_few_words(keys: list[str], chosen: str) -> None:
    choice = Choice(("2016", "2019", "2022", "2025"), "2022")
    app = OneWidget(choice)
    async with app.run_test() as pilot:
        choice.focus()
        await pilot.press(*keys)
        assert choice.value == chosen
        assert app.chosen[-1] == chosen


async def test_a_letter_chooses_yes_or_no() -> None:
    choice = Choice(("no", "yes"), "no")
    async with OneWidget(choice).run_test() as pilot:
        choice.focus()
        await pilot.press("y")
        assert choice.value == "yes"
        await pilot.press("n")
        assert choice.value == "no"


async def test_what_is_chosen_is_told_by_brackets_not_by_colour_alone() -> None:
    choice = Choice(("no", "yes"), "yes")
    async with OneWidget(choice).run_test() as pilot:
        text = "".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
        assert " no  [yes]" in text


async def test_nothing_is_told_when_the_choice_stays() -> None:
    choice = Choice(("no", "yes"), "yes")
    app = OneWidget(choice)
    async with app.run_test() as pilot:
        choice.focus()
        await pilot.press("right", "y")
        assert app.chosen == []
