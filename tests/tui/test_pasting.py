"""Whole names that are pasted or typed end in the fields that they are made of, and the line below tells."""

from functools import partial
from pathlib import Path

from textual.events import Paste
from textual.pilot import Pilot

from tests.tui.wizards import SMALL, a_wizard, page_text, screen_text, settled, to_field, to_page, type_text, until
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.widgets.field import Field
from vmm_wizard.wizard import pages

DN = "CN=VMMDKM,DC=contoso,DC=lab"


async def paste(pilot: Pilot[int], text: str) -> None:
    pilot.app.post_message(Paste(text))
    await pilot.pause()


def shows(app: WizardApp, key: str, text: str) -> bool:
    return any(row.key == key and row.typed == text for row in app.wizard.query(Field))


async def test_a_sql_server_that_is_typed_goes_into_its_fields_when_the_field_is_left(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "sql")
        await to_field(pilot, "database.host")
        await type_text(pilot, r"sql01\vmm,1433")
        await settled(pilot)
        assert "X " not in page_text(pilot)
        assert "it is put into its fields when you go on" in screen_text(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: str(app.answers.plan.database.target) == r"sql01\vmm,1433")
        assert all(shows(app, f"database.{name}", text) for name, text in (("host", "sql01"), ("instance", "vmm")))
        assert "also filled in: Instance vmm, TCP port 1433" in screen_text(pilot)
        await settled(pilot)
        assert app.answers.wrong == {}


async def test_leaving_the_page_leaves_the_field_too(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "sql")
        await to_field(pilot, "database.host")
        await type_text(pilot, "sql01,1433")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: app.wizard.page is pages.CLUSTER)
        assert str(app.answers.plan.database.target) == "sql01,1433"


async def test_what_is_pasted_goes_at_once_where_it_belongs(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "cluster")
        await to_field(pilot, "cluster.name")
        await type_text(pilot, "vmmclu")
        await settled(pilot)
        await paste(pilot, DN)
        await until(pilot, lambda: str(app.answers.plan.dkm.dn) == DN)
        assert shows(app, "cluster.name", "vmmclu")
        assert "also filled in: DKM container" in " ".join(screen_text(pilot).split())
        await to_field(pilot, "cluster.nodes")
        await paste(pilot, '"vmm01.contoso.lab"\n"vmm02.contoso.lab"\n')
        await until(pilot, lambda: len(app.answers.plan.nodes) == 2)
        assert shows(app, "cluster.nodes", "vmm01.contoso.lab, vmm02.contoso.lab")
        await until(pilot, lambda: str(app.answers.plan.cluster.name) == "vmmclu")
        # where nothing takes a text, it says itself where it belongs
        await to_page(pilot, "done")
        await paste(pilot, "Server=tcp:sql01.contoso.lab,1433;Database=VMM")
        await until(pilot, lambda: app.answers.plan.database.name == "VMM")
        assert app.answers.plan.database.target.port == 1433


async def test_the_dn_of_somebody_is_no_account_and_says_so(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "account")
        await to_field(pilot, "service_account.name")
        await paste(pilot, "CN=Svc,OU=Accounts,DC=contoso,DC=lab")
        await until(pilot, partial(app.answers.wrong.get, "service_account.name"))
        await pilot.pause()
        assert "an account is wanted as DOMAIN\\name or name@contoso.lab" in page_text(pilot)
        await type_text(pilot, r"CONTOSO\svc-vmm")
        await settled(pilot)
        assert app.answers.wrong == {}


async def test_what_stands_in_a_field_is_kept_when_more_is_pasted(tmp_path: Path) -> None:
    app = a_wizard(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await to_page(pilot, "cluster")
        await to_field(pilot, "cluster.nodes")
        await type_text(pilot, "vmm01, ")
        await paste(pilot, "vmm02.contoso.lab")
        await until(pilot, lambda: len(app.answers.plan.nodes) == 2)
        assert shows(app, "cluster.nodes", "vmm01, vmm02.contoso.lab")
