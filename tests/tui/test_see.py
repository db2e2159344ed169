"""The picture, the table of checks and the two answer files on the full screen, by the keyboard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.building import a_container, a_plan, good_facts
from tests.tui.scenes import MIXED, UNDER_WAY, told_of
from tests.tui.wizards import LARGE, SMALL, a_wizard, all_passwords, ready_plan, screen_text, to_page, told, until
from vmm_wizard.plan.names import HostName
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.screens.dialogs import MendableDialog, TextDialog
from vmm_wizard.tui.screens.palette import PaletteDialog
from vmm_wizard.tui.screens.see import SeeScreen
from vmm_wizard.tui.widgets.drawing import Drawing
from vmm_wizard.tui.widgets.grid import GridView


async def opened(pilot: Pilot[int], *keys: str) -> SeeScreen:
    """The full screen, after these keys."""
    await told(pilot, MIXED)
    await pilot.press("f6", *keys)
    await pilot.pause()
    await until(pilot, lambda: isinstance(pilot.app.screen, SeeScreen))
    screen = pilot.app.screen
    assert isinstance(screen, SeeScreen)
    return screen


def a_seen_wizard(folder: Path) -> WizardApp:
    return a_wizard(folder, ready_plan(), all_passwords(ready_plan()))


async def test_views_are_turned_by_numbers_tab_and_arrows_and_left_by_escape(tmp_path: Path) -> None:
    app = a_seen_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        for key, shown in [
            *(("right", "[2 Matrix]"), ("tab", "[3 Answer files]"), ("tab", "[1 Topology]")),
            *(("shift+tab", "[3 Answer files]"), ("left", "[2 Matrix]"), ("1", "[1 Topology]")),
            *(("3", "[3 Answer files]"), ("2", "[2 Matrix]")),
        ]:
            await pilot.press(key)
            await until(pilot, lambda shown=shown: shown in screen_text(pilot))  # type: ignore[misc]
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.wizard)
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "Domain" in screen_text(pilot))
        await pilot.press("ctrl+y")
        await until(pilot, lambda: app.screen is app.wizard)


async def test_it_opens_over_a_dialog_and_comes_back_to_it(tmp_path: Path) -> None:
    app = a_seen_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, MIXED)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, PaletteDialog))
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, SeeScreen))
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, PaletteDialog))


async def test_the_picture_is_scrolled_and_follows_what_becomes_known(tmp_path: Path) -> None:
    app = a_seen_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert "X FAIL" in screen_text(pilot).splitlines()[1]
        drawing = screen.query_one("#see-topology", Drawing)
        painted: list[int] = []
        drawing.refresh_line = painted.append  # type: ignore[method-assign]
        app.wizard.refresh_view()
        assert painted == []
        await told_of(pilot, *UNDER_WAY)
        await pilot.press("end")
        await until(pilot, lambda: "dynamic RPC" in screen_text(pilot))
        lines = "\n".join("".join(part.text for part in line) for line in drawing._drawn)
        assert "waiting" not in lines
        await pilot.press("home")


async def test_during_a_run_the_nodes_phases_are_in_it_and_only_their_lines_are_painted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = a_seen_wizard(tmp_path)
    async with app.run_test(size=LARGE) as pilot:
        await told(pilot, good_facts())
        monkeypatch.setattr(type(app.jobs), "running", True)
        await to_page(pilot, "run")
        await told_of(pilot, *UNDER_WAY[:-1])
        await pilot.press("f6")
        await until(pilot, lambda: "[----------]   0%" in screen_text(pilot))
        drawing = app.screen.query_one("#see-topology", Drawing)
        painted: list[int] = []
        monkeypatch.setattr(drawing, "refresh_line", painted.append)
        await told_of(pilot, *UNDER_WAY[-1:])
        assert len(painted) <= 3
        monkeypatch.undo()


async def test_the_table_is_walked_and_a_cell_is_opened_in_full(tmp_path: Path) -> None:
    app = a_seen_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, "2", "f")
        view = screen.query_one(GridView)
        await until(pilot, lambda: view.table.hidden > 0)
        while view.table.rows[view.row].id != "DKM-01":
            await pilot.press("down")
        await until(pilot, lambda: "X FAIL  DKM-01 the plan as a whole" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MendableDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("m")
        await until(pilot, lambda: "looking whether DKM-01 can be mended" in screen_text(pilot))
        await pilot.press("right", "right")
        await until(pilot, lambda: "DKM-01 vmm02.contoso.lab" in screen_text(pilot))
        await pilot.press("enter")
        await pilot.pause()
        assert not isinstance(app.screen, TextDialog)


async def test_what_is_chosen_stays_chosen_when_more_is_known(tmp_path: Path) -> None:
    app = a_seen_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, "2", "f", "down", "right")
        view = screen.query_one(GridView)
        await until(pilot, lambda: view.row == 1)
        chosen = view.table.rows[view.row].id
        app.wizard.take_findings(tuple(row for row in app.wizard.view.findings if row.id != view.table.rows[0].id))
        app.wizard.refresh_view()
        await pilot.pause()
        assert (view.table.rows[view.row].id, view.row, view.column) == (chosen, 0, 1)


async def test_sixteen_nodes_are_walked_to_sideways(tmp_path: Path) -> None:
    nodes = tuple(HostName(f"vmm{number:02}") for number in range(1, 17))
    plan = replace(ready_plan(), cluster=replace(a_plan().cluster, nodes=nodes))
    app = a_wizard(tmp_path, plan)
    async with app.run_test(size=SMALL) as pilot:
        await told(pilot, good_facts(plan, dkm=a_container(found=False)))
        await pilot.press("f6", "2", *["right"] * 16)
        await until(pilot, lambda: "vmm16.contoso.lab" in screen_text(pilot))
        assert screen_text(pilot).splitlines()[1].split()[-1] in ("16", "vmm16")
