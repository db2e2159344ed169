"""Makes the pictures in `screenshots/` from a served practice estate: `python -m tests.tui.make_screenshots [FOLDER]`.

Every picture is what the wizard shows of that estate, at 80x24; nothing in them is drawn or edited by hand.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from vmm_wizard.addresses import AddressBook
from vmm_wizard.lab.process import start_estate
from vmm_wizard.plan.secrets import load_secrets
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers

SIZE = (80, 24)
#: The size of those that show more.
WIDE = (120, 36)
#: A node takes some seconds: long enough to be seen in the middle.
SPEED = 200.0
PATIENCE = 120.0


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    """Let the wizard work until `condition` holds."""
    due = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > due:
            raise TimeoutError("the wizard never got there")
        await pilot.pause(0.05)


def picture(pilot: Pilot[int], folder: Path, name: str) -> None:
    """Save the screen; the folder of the temporary estate is the only thing that differs from run to run."""
    text = pilot.app.export_screenshot(title="vmm-wizard")
    (folder / f"{name}.svg").write_text(text, encoding="utf-8")


def opened(place: Path) -> WizardApp:
    """The wizard on the practice plan of the estate that is served in `place`."""
    return WizardApp(
        Answers.opened(place / "practice.toml"),
        load_secrets(place / "credentials.toml"),
        AddressBook.load(place / "address-book.toml"),
    )


async def walk(place: Path, folder: Path) -> None:
    """Go through every page of the practice plan, then install, and take a picture of each."""
    app = opened(place)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.wizard.view.findings and not app.wizard.view.waiting)
        for number, page in enumerate(pages.PAGES):
            if page.id in ("run", "done"):
                continue
            await app.wizard.show_page(page)
            await pilot.pause(0.2)
            picture(pilot, folder, f"{number + 1:02}-{page.id}")
        await app.wizard.show_page(pages.BY_ID["run"])
        await pilot.pause(0.2)
        await pilot.press("enter")
        await pilot.pause(0.2)
        picture(pilot, folder, "10-run-asks")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "  4" in shown(pilot) or "  5" in shown(pilot) or " 60%" in shown(pilot))
        picture(pilot, folder, "10-run")
        await until(pilot, lambda: app.wizard.page.id == "done" and not app.wizard.view.waiting)
        await pilot.pause(0.5)
        picture(pilot, folder, "11-done")


#: What is chosen on the page of each other job, on the estate where VMM is installed by now.
CHOSEN = {
    "prepare": {"prepare.media_source": r"\\files01\sources\VMM2022"},
    "add-node": {"order.nodes": "vmm03"},
    "console": {"order.nodes": "admin01"},
    "verify": {"order.moves": "yes"},
    "failover": {"order.target": "vmm02"},
    "uninstall": {"order.nodes": "vmm02"},
}


async def other_jobs(place: Path, folder: Path) -> None:
    """The list of jobs, the page of each with something chosen, and a failover from its question to its end."""
    app = opened(place)
    async with app.run_test(size=SIZE) as pilot:
        for number, (job, answers) in enumerate(CHOSEN.items(), 20):
            for key, text in {"order.job": job, "order.nodes": "", **answers}.items():
                if wrong := app.answers.answer(key, text):
                    raise ValueError(wrong)
            await app.wizard.answers_replaced()
            await app.wizard.show_page(pages.BY_ID[job])
            app.wizard.look()
            await pilot.pause(0.5)
            await until(pilot, lambda: app.wizard.view.findings and not app.wizard.view.waiting)
            await pilot.pause(0.2)
            picture(pilot, folder, f"{number}-{job}")
        app.answers.answer("order.job", "failover")
        await app.wizard.answers_replaced()
        await app.wizard.show_page(pages.BY_ID["job"])
        app.wizard.look()
        await pilot.pause(0.5)
        await until(pilot, lambda: app.wizard.view.findings and not app.wizard.view.waiting)
        await pilot.pause(0.2)
        picture(pilot, folder, "19-jobs")
        await app.wizard.show_page(pages.BY_ID["run"])
        await until(pilot, lambda: "Nothing known stands" in shown(pilot))
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.pause(0.2)
        picture(pilot, folder, "26-failover-asks")
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.wizard.page.id == "done" and not app.wizard.view.waiting)
        await pilot.pause(0.5)
        picture(pilot, folder, "27-failover-done")


async def meet_a_fault(place: Path, folder: Path) -> None:
    """The page and the dialog that show what is wrong, in a scenario."""
    app = opened(place)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.wizard.view.findings and not app.wizard.view.waiting)
        await app.wizard.show_page(pages.BY_ID["dkm"])
        await pilot.pause(0.2)
        picture(pilot, folder, "12-fault")
        await pilot.press("tab", "enter")
        await pilot.pause(0.2)
        picture(pilot, folder, "13-fault-explained")


async def look_around(place: Path, folder: Path) -> None:
    """What is found for a field, the installation as a picture, the checks by node, what can be done, and help."""
    app = opened(place)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.wizard.view.findings and not app.wizard.view.waiting)
        await until(pilot, lambda: app.wizard.found is not None and app.wizard.found.done)
        await app.wizard.show_page(pages.BY_ID["dkm"])
        await pilot.pause(0.5)
        picture(pilot, folder, "14-help-beside")
        await pilot.press("f6")
        await pilot.pause(0.5)
        picture(pilot, folder, "15-picture")
        await pilot.press("2", "down", "down")
        await pilot.pause(0.5)
        picture(pilot, folder, "16-matrix")
        await pilot.press("3")
        await pilot.pause(0.5)
        picture(pilot, folder, "17-answer-files")
        await pilot.press("escape")
    app = opened(place)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.wizard.view.findings and not app.wizard.view.waiting)
        await until(pilot, lambda: app.wizard.found is not None and app.wizard.found.done)
        await app.wizard.show_page(pages.BY_ID["sql"])
        await pilot.pause(0.5)
        await pilot.press("ctrl+u")
        await until(pilot, lambda: "fits" in shown(pilot))
        await pilot.press("down")
        await pilot.pause(0.2)
        picture(pilot, folder, "18-found")
        await pilot.press("f9", *"help")
        await pilot.pause(0.5)
        picture(pilot, folder, "28-everything-by-name")


def shown(pilot: Pilot[int]) -> str:
    """The screen as text."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


def main(folder: Path) -> None:
    """Serve the estates, take the pictures, stop the estates."""
    folder.mkdir(parents=True, exist_ok=True)
    for scenario, takes in (("", (look_around, walk, other_jobs)), ("dkm-read-only", (meet_a_fault,))):
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            os.environ["VMM_WIZARD_STATE"] = str(place / "state")
            estate = start_estate(place, scenario, SPEED)
            try:
                for take in takes:
                    asyncio.run(take(place, folder))
            finally:
                estate.terminate()
                estate.wait(10)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "screenshots")
