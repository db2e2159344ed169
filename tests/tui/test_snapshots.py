"""How everything looks, at 80x24 and 120x36, without colour and narrow. `pytest tests/tui/test_snapshots.py
--snapshot-update` takes the pictures anew. One app shows all scenes at a size: an app each costs three times as much.
"""

import difflib
import html
import re
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion

from tests.tui.cut_text import deaf, faults, unbound, unreached
from tests.tui.scenes import SCENES, shown
from tests.tui.wizards import LARGE, SMALL, TINY, a_wizard, all_passwords, ready_plan
from vmm_wizard.tui.app import USUAL
from vmm_wizard.tui.terminals import Look
from vmm_wizard.wizard import pages

#: Everything that there is to show.
ALL = tuple(SCENES)


def words_of(svg: str) -> list[str]:
    """What a picture says, in lines, to tell how two differ."""
    lines: dict[float, str] = {}
    for place, text in re.findall(r'<text [^>]* y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        lines[float(place)] = lines.get(float(place), "") + html.unescape(text).replace("\xa0", " ")
    return [lines[place].rstrip() for place in sorted(lines)]


def told(name: str, before: str, now: str) -> str:
    """How a scene differs from its picture."""
    rows = list(difflib.unified_diff(words_of(before), words_of(now), "the picture", "now", lineterm="", n=1))
    return "\n".join([f"== {name}", *(rows or ["the same words, in other colours or places"])])


#: Pages whose widgets are different in kind, for a screen that has room.
DIFFERENT = ("job", "connection", "dkm", "review", "run", "add-node", "palette", "topology", "under-way", "ended")
#: What is pictured of a small screen.
SMALL_SCENES = ("sql", "finding", "under-way")
#: Scenes whose fields and lists are gone through by Tab; the list of steps and dialogs have keys of their own.
WALKED = (*pages.BY_ID, "under-way", "ended")


@pytest.mark.parametrize(
    ("size", "names", "pictured", "look"),
    [
        pytest.param(SMALL, ALL, ALL, USUAL, id="80x24"),
        pytest.param(LARGE, ALL, ALL, USUAL, id="120x36"),
        pytest.param(SMALL, ALL, ALL, Look(colours=False), id="no-colour", marks=pytest.mark.long),
        pytest.param(TINY, ALL, SMALL_SCENES, USUAL, id="60x20", marks=pytest.mark.long),
        pytest.param((200, 60), DIFFERENT, (), USUAL, id="200x60", marks=pytest.mark.long),
    ],
)
async def test_everything_looks_as_before_and_nothing_is_cut_or_out_of_reach(
    size: tuple[int, int],
    names: tuple[str, ...],
    pictured: tuple[str, ...],
    look: Look,
    snapshot: SnapshotAssertion,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A walk through all that there is, for all that is to be seen of it: an app each would be dear."""
    if not look.colours:
        monkeypatch.setenv("NO_COLOR", "1")
    plan = ready_plan()
    app = a_wizard(tmp_path, plan, all_passwords(plan), look)
    wrong = []
    async with app.run_test(size=size) as pilot:
        async for name in shown(pilot, names):
            if name in pictured:
                now = app.export_screenshot(title=name)
                picture = snapshot(name=name, extension_class=SVGImageExtension)
                if now != picture:
                    wrong.append(told(name, str(picture), now))
            bad = faults(app.screen) + deaf(app.screen)
            if app.screen is app.wizard:
                bad += unbound(app.screen)
                if size == SMALL and look is USUAL and name in WALKED:
                    bad += await unreached(pilot)
            wrong += [f"{name}: {row}" for row in bad]
    assert not wrong, "\n".join(wrong)
