"""The list below a field: it fills while somebody types, is walked by the arrows, and never takes the keys away."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.estates import ServedEstate, serving_estate
from tests.tui.wizards import (
    SMALL,
    a_wizard,
    screen_text,
    send,
    settled,
    to_field,
    to_page,
    type_text,
    until,
)
from tests.wizard.test_found import BARE, FOUND, NODES
from vmm_wizard.facts.discovery_model import Discovery
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.lab import contoso
from vmm_wizard.lab.descriptors import CREATE_CHILD, allow
from vmm_wizard.lab.schema import class_guid
from vmm_wizard.plan.fields import field_text
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import Found
from vmm_wizard.tui.screens.dialogs import ChoiceDialog, TextDialog
from vmm_wizard.tui.widgets.field import PasswordField
from vmm_wizard.tui.widgets.found_list import FoundList
from vmm_wizard.tui.widgets.inputs import PasswordInput
from vmm_wizard.wizard.answers import Answers

INSTALLER = AccountName.parse("CONTOSO\\vmm-setup")


def shown(pilot: Pilot[int]) -> list[str]:
    """The lines of the list below the field that has the focus."""
    app = pilot.app
    assert isinstance(app, WizardApp)
    field = app.wizard.focused_field()
    return [row.line for row in field.query_one(FoundList).rows] if field else []


def chosen(pilot: Pilot[int]) -> str:
    app = pilot.app
    assert isinstance(app, WizardApp)
    field = app.wizard.focused_field()
    row = field.query_one(FoundList).chosen if field else None
    return row.line if row else ""


async def at_field(pilot: Pilot[int], page: str, key: str, found: Discovery = FOUND) -> WizardApp:
    """The wizard with the focus in a field, told what was found, and nothing else any more."""
    app = pilot.app
    assert isinstance(app, WizardApp)
    await pilot.pause()
    app.jobs.close()
    await to_page(pilot, page)
    app.wizard.post_message(Found(found))
    await to_field(pilot, key)
    await pilot.pause()
    return app


class TestTheList:
    async def test_is_walked_and_left_by_the_arrows_and_narrowed_by_typing(self, tmp_path: Path) -> None:
        async with a_wizard(tmp_path, BARE).run_test(size=SMALL) as pilot:
            app = await at_field(pilot, "sql", "database.host")
            assert len(shown(pilot)) == 4
            await pilot.press("down", "down")
            assert chosen(pilot).startswith("sql02")
            await pilot.press("up", "up")
            assert chosen(pilot) == ""
            await pilot.press("down", "escape")
            assert chosen(pilot) == ""
            await pilot.press("l", "0", "2")
            await until(pilot, lambda: len(shown(pilot)) == 1)
            await pilot.press("down", "x")
            await until(pilot, lambda: "None of the 4 found is called so" in screen_text(pilot))
            await settled(pilot)
            assert field_text(app.answers.plan, "database.host") == "l02x"

    async def test_fills_all_fields_that_a_row_answers_and_goes_on_behind_them(self, tmp_path: Path) -> None:
        async with a_wizard(tmp_path, BARE).run_test(size=SMALL) as pilot:
            app = await at_field(pilot, "sql", "database.host")
            # Together, as a slow line brings them.
            send(app, "down", "down", "enter")
            await until(pilot, lambda: app.answers.plan.database.target.instance == "VMM")
            assert field_text(app.answers.plan, "database.host") == "sql02"
            assert app.focused is not None
            assert "field-database-listener" in [node.id for node in app.focused.ancestors]  # type: ignore[attr-defined]
            assert "2 found" not in screen_text(pilot)

    async def test_says_what_it_filled_in_on_the_way(self, tmp_path: Path) -> None:
        async with a_wizard(tmp_path, BARE).run_test(size=SMALL) as pilot:
            app = await at_field(pilot, "cluster", "cluster.name")
            await pilot.press("down", "enter")
            await until(pilot, lambda: [node.key for node in app.answers.plan.nodes] == list(NODES))
            assert "Filled in too, because nothing stood there: Nodes, in order" in screen_text(pilot)

    async def test_what_is_typed_is_kept_while_the_list_comes(self, tmp_path: Path) -> None:
        async with a_wizard(tmp_path, BARE).run_test(size=SMALL) as pilot:
            app = await at_field(pilot, "sql", "database.host", Discovery("contoso.lab"))
            assert "Still looking" in screen_text(pilot)
            await pilot.press("s", "q", "l")
            app.wizard.post_message(Found(FOUND))
            await pilot.press("0")
            await until(pilot, lambda: len(shown(pilot)) == 4)
            await pilot.press("4")
            await settled(pilot)
            assert field_text(app.answers.plan, "database.host") == "sql04"

    async def test_paints_nothing_while_nothing_changes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async with a_wizard(tmp_path, BARE).run_test(size=SMALL) as pilot:
            app = await at_field(pilot, "sql", "database.host")
            await until(pilot, lambda: "sql05.contoso.lab,50000" in screen_text(pilot))
            app.wizard.post_message(Found(FOUND))
            await pilot.pause()
            painted: list[object] = []
            monkeypatch.setattr(FoundList, "update", lambda _, content: painted.append(content))
            for _ in range(3):
                app.wizard.post_message(Found(FOUND))
                await pilot.pause()
            assert painted == []

    async def test_is_whole_in_a_dialog(self, tmp_path: Path) -> None:
        async with a_wizard(tmp_path, BARE).run_test(size=SMALL) as pilot:
            await pilot.press("ctrl+l")
            await until(pilot, lambda: "nothing was looked for yet" in screen_text(pilot))
            app = await at_field(pilot, "sql", "database.host")
            await pilot.press("q", "f4")
            await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and app.screen.query(OptionList))
            await pilot.press("down", "enter")
            await until(pilot, lambda: app.answers.plan.database.target.instance == "VMM")

    async def test_goes_on_to_a_password_that_has_just_appeared(self, tmp_path: Path) -> None:
        """A field that is not on the screen yet is the next one all the same: the password is not typed elsewhere."""
        async with a_wizard(tmp_path).run_test(size=SMALL) as pilot:
            app = await at_field(pilot, "connection", "installing_account", Discovery("", domains=("contoso.lab",)))
            await type_text(pilot, "bob")
            await pilot.press("down", "enter")
            assert any(isinstance(node, PasswordField) for node in app.focused.ancestors)  # type: ignore[union-attr]
            await pilot.press("s", "3")
            await to_field(pilot, "installing_account")
            await type_text(pilot, "CONTOSO\\eve")
            await pilot.press("enter")
            assert any(isinstance(node, PasswordField) for node in app.focused.ancestors)  # type: ignore[union-attr]
            assert field_text(app.answers.plan, "domain") == "contoso.lab"
            assert "s3" not in screen_text(pilot)


def an_empty_wizard(served: ServedEstate, **answers: object) -> WizardApp:
    """One that knows the address book, and the passwords: typing them is another test's."""
    return WizardApp(Answers(Plan(**answers)), served.secrets, served.book)  # type: ignore[arg-type]


async def test_an_empty_wizard_finds_everything_without_visiting_pages(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        secret = served.secrets.get(INSTALLER)
        assert secret is not None
        app = an_empty_wizard(served)
        async with app.run_test(size=SMALL) as pilot:
            await to_page(pilot, "connection")
            await to_field(pilot, "installing_account")
            await pilot.press(*"vmm", "minus", *"setup", "at")
            await until(pilot, lambda: shown(pilot) == ["vmm-setup@contoso.lab"])
            await pilot.press("down", "enter")
            password = app.focused
            assert isinstance(password, PasswordInput)
            password.value = secret.reveal()
            await pilot.press("enter")
            await until(pilot, lambda: app.wizard.found is not None and app.wizard.found.done and is_whole(app))
            assert app.wizard.page.id == "connection"
            app.jobs.close()


def is_whole(app: WizardApp) -> bool:
    found = app.wizard.found
    assert found is not None
    parts = (found.controllers, found.accounts, found.containers, found.instances, found.clusters)
    return not any(isinstance(part, NoAnswer) for part in parts) and bool(found.media)


async def test_accounts_are_found_by_letters_and_the_tree_is_read_level_by_level(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        app = an_empty_wizard(served, installing_account=INSTALLER, domain=BARE.domain)
        async with app.run_test(size=SMALL) as pilot:
            await to_page(pilot, "account")
            await to_field(pilot, "service_account.name")
            await until(pilot, lambda: "CONTOSO\\svc-vmm  user  VMM service" in shown(pilot))
            await pilot.press(*"DIS")
            await until(pilot, lambda: "svc-disabled  user, disabled" in screen_text(pilot))
            await to_page(pilot, "dkm")
            await to_field(pilot, "dkm.container")
            await until(pilot, lambda: "  + OU=Clusters" in shown(pilot))
            await pilot.press(*["down"] * (shown(pilot).index("  + OU=Clusters") + 1), "right")
            await until(pilot, lambda: "    create CN=VMMDKM here ..." in shown(pilot))
            assert chosen(pilot) == "  - OU=Clusters"
            await pilot.press("left")
            await until(pilot, lambda: "    create CN=VMMDKM here ..." not in shown(pilot))
            await pilot.press("right", "down", "enter")
            # The account may not: what is offered is the request to those who may.
            await until(pilot, lambda: isinstance(app.screen, TextDialog))
            assert "lacks the right to create containers" in screen_text(pilot)
            assert "New-ADObject -Type container" in screen_text(pilot)
            wanted = "CN=VMMDKM,OU=Clusters,DC=contoso,DC=lab"
            assert str(app.answers.plan.dkm.dn) == wanted
            app.jobs.close()


async def test_a_directory_that_does_not_answer_holds_up_nothing(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        app = an_empty_wizard(served, installing_account=INSTALLER, domain=BARE.domain)
        assert served.serving.ldap is not None
        limits = served.serving.ldap.limits
        async with app.run_test(size=SMALL) as pilot:
            with served.clock.held():
                limits.seconds = 1.0
                await to_page(pilot, "account")
                await to_field(pilot, "service_account.name")
                await until(pilot, lambda: "Still looking" in screen_text(pilot))
                await pilot.press(*"svc")
                assert app.wizard.focused_field().typed == "svc"  # type: ignore[union-attr]
                await to_page(pilot, "sql")
                await to_field(pilot, "database.host")
                await pilot.press(*"sql")
                assert app.wizard.focused_field().typed == "sql"  # type: ignore[union-attr]
            limits.seconds = 0.0
            await until(pilot, lambda: len(shown(pilot)) == 4)
            app.jobs.close()


async def test_a_container_is_created_from_the_tree_and_stands_in_the_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    with serving_estate(tmp_path) as served:
        estate = served.estate
        estate.directory.remove(contoso.DKM)
        sid = estate.account(contoso.INSTALLER).sid
        estate.directory.grant(contoso.BASE, allow(sid, CREATE_CHILD, 0, class_guid("container")))
        app = an_empty_wizard(served, installing_account=INSTALLER, domain=BARE.domain)
        async with app.run_test(size=SMALL) as pilot:
            await to_page(pilot, "dkm")
            await to_field(pilot, "dkm.container")
            await until(pilot, lambda: shown(pilot)[1:2] == ["  create CN=VMMDKM here ..."])
            await pilot.press("down", "down", "enter")
            await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and app.screen.query(OptionList))
            assert "create the container VMMDKM" in screen_text(pilot)
            assert estate.directory.get(contoso.DKM) is None
            await pilot.press("down", "enter")
            await until(pilot, lambda: "DKM-01 is mended" in screen_text(pilot))
            assert estate.directory.get(contoso.DKM) is not None
            assert str(app.answers.plan.dkm.dn) == contoso.DKM
            app.jobs.close()
