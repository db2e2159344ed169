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

from tests.tui.scenes import SCENES, shown
from tests.tui.wizards import LARGE, SMALL, TINY, a_wizard, all_passwords, ready_plan
from vmm_wizard.tui.app import USUAL
from vmm_wizard.tui.terminals import Look


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


@pytest.mark.parametrize(
    ("size", "names", "look"),
    [
        pytest.param(SMALL, tuple(SCENES), USUAL, id="80x24"),
        pytest.param(LARGE, tuple(SCENES), USUAL, id="120x36"),
        pytest.param(SMALL, tuple(SCENES), Look(colours=False), id="no-colour"),
        pytest.param(TINY, ("sql", "finding", "under-way"), USUAL, id="60x20"),
    ],
)
async def test_everything_looks_as_before(
    size: tuple[int, int],
    names: tuple[str, ...],
    look: Look,
    snapshot: SnapshotAssertion,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not look.colours:
        monkeypatch.setenv("NO_COLOR", "1")
    plan = ready_plan()
    app = a_wizard(tmp_path, plan, all_passwords(plan), look)
    differ = []
    async with app.run_test(size=size) as pilot:
        async for name in shown(pilot, names):
            now = app.export_screenshot(title=name)
            picture = snapshot(name=name, extension_class=SVGImageExtension)
            if now != picture:
                differ.append(told(name, str(picture), now))
    assert not differ, "\n".join(differ)
