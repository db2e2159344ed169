"""The whole job with the keyboard, at 80x24, against a practice estate: real LDAP, TDS and WinRM, and setup itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.estates import ANSWERS, ServedEstate, serving_estate
from tests.tui.wizards import SMALL, page_text, screen_text, settled, to_field, type_text, until
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.tui.widgets.run_log import RunLog
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.flow import Mark, mark_of

#: What a person types, page by page; the passwords are those that the estate made up.
TYPED = {
    "connection": {"installing_account": r"CONTOSO\vmm-setup", "domain": "contoso.lab"},
    "account": {"service_account.name": r"CONTOSO\svc-vmm"},
    "dkm": {"dkm.container": "CN=VMMDKM,DC=contoso,DC=lab"},
    "sql": {"database.host": "sql01"},
    "cluster": {"cluster.name": "vmmclu.contoso.lab", "cluster.nodes": "vmm01, vmm02"},
    "names": {"cluster.role_name": "vmm", "cluster.static_addresses": "10.10.0.50, 10.20.0.50"},
    "ports": {"media.path": r"C:\VMM\Media"},
}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedEstate]:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder) as served:
        yield served


async def next_page(pilot: Pilot[int], app: WizardApp) -> None:
    page = app.wizard.page
    await pilot.press("ctrl+n")
    await until(pilot, lambda: app.wizard.page is flow.next_page(page))
    await pilot.pause()


async def fill(pilot: Pilot[int], key: str, text: str) -> None:
    await to_field(pilot, key)
    await type_text(pilot, text)
    await settled(pilot)


async def give_password(pilot: Pilot[int], app: WizardApp, served: ServedEstate, key: str) -> None:
    from vmm_wizard.plan.fields import field_value

    account = field_value(app.answers.plan, key)
    secret = served.secrets.get(account)
    assert secret is not None
    await to_field(pilot, f"password:{key}")
    await type_text(pilot, secret.reveal())
    await pilot.press("tab")
    await until(pilot, lambda: account in app.jobs.secrets)


@pytest.mark.long
async def test_a_person_with_a_keyboard_walks_every_page_to_installed(served: ServedEstate) -> None:
    app = WizardApp(Answers(), Secrets(), served.book)
    async with app.run_test(size=SMALL) as pilot:
        await to_field(pilot, pages.EULA)
        await pilot.press("right")
        await settled(pilot)
        for page_id, answers in TYPED.items():
            await next_page(pilot, app)
            assert app.wizard.page.id == page_id
            for key, text in answers.items():
                await fill(pilot, key, text)
                if key in app.wizard.page.passwords:
                    await give_password(pilot, app, served, key)
        await next_page(pilot, app)
        await until(pilot, lambda: mark_of(app.wizard.view, pages.REVIEW) is Mark.OK)
        await until(pilot, lambda: "Nothing known stands in the way" in page_text(pilot))
        await next_page(pilot, app)
        await until(pilot, lambda: "1. vmm01.contoso.lab" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.jobs.running)
        await until(pilot, lambda: app.wizard.page is pages.DONE)
        await pilot.pause()
        assert "VMM is installed on every node" in page_text(pilot)
        assert "Connect the VMM console to vmm:8100" in page_text(pilot)
        state = app.wizard.run_state
        assert state is not None
        ending = "\n".join(state.ending()).casefold()
        for witness in ("registry", "scvmmservice is running", "cluster role vmm is online", "vmm.contoso.lab:8100"):
            assert witness in ending
        log = app.wizard.query_one(RunLog)
        assert any("PangaeaServer" in line for line in log.lines)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("down", "enter")
    assert app.return_value == 0
    report = served.estate.report()
    setups = {node: len(runs) for node, runs in report["setups"].items() if runs}
    assert list(setups.values()) == [1, 1]
    assert not any(report["tasks"].values())
    assert not report["bad_logons"]


async def test_a_fault_is_met_mended_and_left_behind(served: ServedEstate) -> None:
    answers = Answers.opened(ANSWERS / "contoso-ha.toml")
    answers.answer("dkm.container", "CN=VMMKDM,DC=contoso,DC=lab")
    app = WizardApp(answers, served.secrets, served.book)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: mark_of(app.wizard.view, pages.DKM) is Mark.FAIL)
        await until(pilot, lambda: not app.wizard.view.waiting)
        assert "DKM container     X FAIL" in screen_text(pilot)
        # A file that was opened leads there by itself.
        await until(pilot, lambda: app.wizard.page is pages.DKM)
        await until(pilot, lambda: "X FAIL DKM-01" in screen_text(pilot))
        await fill(pilot, "dkm.container", "CN=VMMDKM,DC=contoso,DC=lab")
        await until(pilot, lambda: "DKM container     + ok" in screen_text(pilot))
        assert "+ pass DKM-01" in screen_text(pilot)
        await next_page(pilot, app)
        await until(pilot, lambda: not app.wizard.view.waiting)
        assert flow.obstacles(app.wizard.view) == ()
