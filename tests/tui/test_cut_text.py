"""What looks over screens for text that is cut sees it."""

from textual.app import App, ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from tests.tui.cut_text import deaf, faults


class Poor(App[None]):
    """Everything that can be wrong with a screen."""

    CSS = """
    #low { height: 1; width: 20; }
    #high { height: 3; overflow: hidden; }
    #narrow { width: 8; }
    #scroll { height: 2; }
    """

    def compose(self) -> ComposeResult:
        yield Static("a sentence that is longer than there is room", id="low")
        with Vertical(id="high"):
            yield Static("one\ntwo\nthree\nfour\nfive", id="tall")
        yield Input(placeholder="an example of what is wanted", id="narrow", compact=True)
        with VerticalScroll(id="scroll", can_focus=False):
            yield Static("one\ntwo\nthree")


async def test_the_walk_sees_what_is_cut() -> None:
    async with Poor().run_test(size=(40, 20)) as pilot:
        told = "\n".join(faults(pilot.app.screen))
        for name in ("low", "tall", "narrow"):
            assert name in told
        assert "Static low" in told
        unheard = deaf(pilot.app.screen)
        assert len(unheard) == 1
        assert "scroll" in unheard[0]
