"""What was found in the estate beside free typing: suggestions as a table, and in the wizard by the keyboard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.building import a_plan
from tests.estates import serving_estate
from tests.tui.wizards import SMALL, a_wizard, screen_text, to_field, to_page, until
from vmm_wizard.facts.discovery_model import Clusters, Discovery, FoundCluster, FoundInstance, FoundNetwork
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.fields import field_text
from vmm_wizard.plan.model import Cluster, Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.tui.app import WizardApp
from vmm_wizard.tui.messages import Found
from vmm_wizard.tui.screens.dialogs import ChoiceDialog
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.found import KEYS, hint, offering

NODES = ("vmm01.contoso.lab", "vmm02.contoso.lab", "vmm03.contoso.lab")
FOUND = Discovery(
    "contoso.lab",
    ("dc01.contoso.lab", "dc02.contoso.lab"),
    (
        FoundInstance("sql01.contoso.lab", "", 1433, "15.0.4430.1"),
        FoundInstance("sql02.contoso.lab", "VMM", 49200, "15.0.4430.1", by_browser=True),
        FoundInstance("sql03.contoso.lab", "SQLEXPRESS", 49300),
        FoundInstance("sql05.contoso.lab", "", 50000),
    ),
    Clusters(
        (
            FoundCluster(
                "vmmclu",
                "CN=VMMCLU",
                NODES,
                (
                    FoundNetwork("Management", "10.10.0.0/24", False, ("10.10.0.41", "10.10.0.42")),
                    FoundNetwork("Storage", "10.20.0.0/24", False, NoAnswer("DNS is away", "unreachable")),
                ),
                "vmm01.contoso.lab",
            ),
            FoundCluster("sqlclu", "CN=SQLCLU"),
        ),
        ("hv01.contoso.lab",),
    ),
    done=True,
)
BARE = Plan(domain=HostName.parse("contoso.lab"))


def offered(key: str, plan: Plan = BARE) -> list[tuple[str, dict[str, str]]]:
    made = offering(key, FOUND, plan)
    assert made is not None
    return [(row.text, dict(row.answers)) for row in made.suggestions]


class TestTable:
    def test_every_key_is_an_answer_of_a_page(self) -> None:
        assert all(any(key in page.keys for page in pages.PAGES) for key in KEYS)

    def test_nothing_is_suggested_before_something_was_found_nor_for_other_fields(self) -> None:
        assert offering("database.host", None, BARE) is None
        assert offering("media.path", FOUND, BARE) is None
        assert hint("database.host", None, BARE) == ""
        assert hint("database.host", FOUND, BARE) == "4 found: F4 lists them"

    @pytest.mark.parametrize("key", sorted(KEYS))
    def test_parts_without_an_answer_suggest_nothing(self, key: str) -> None:
        silent = NoAnswer("away", "unreachable")
        assert offering(key, Discovery("contoso.lab", silent, silent, silent), BARE) is None

    def test_a_server_fills_host_instance_and_port(self) -> None:
        rows = dict(offered("database.host"))
        by_host = {answers["database.host"].partition(".")[0]: answers for answers in rows.values()}
        assert by_host["sql01"]["database.port"] == ""
        # Browser finds it again after each restart, when it has another port.
        assert (by_host["sql02"]["database.instance"], by_host["sql02"]["database.port"]) == ("VMM", "")
        assert (by_host["sql03"]["database.instance"], by_host["sql03"]["database.port"]) == ("SQLEXPRESS", "49300")
        assert (by_host["sql05"]["database.instance"], by_host["sql05"]["database.port"]) == ("", "50000")

    def test_a_server_of_the_domain_is_named_as_vmm_wants_it(self) -> None:
        """By its computer name: SQL-11 warns of a qualified one."""
        assert offered("database.host")[0][1]["database.host"] == "sql01"

    def test_a_server_that_does_not_fit_says_so(self) -> None:
        texts = [text for text, _ in offered("database.host")]
        assert texts[0] == "sql01.contoso.lab  15.0.4430.1  fits"
        assert "does not fit: named as SQL Server Express names itself" in texts[2]

    def test_a_cluster_brings_its_nodes_only_where_none_are_chosen(self) -> None:
        assert offered("cluster.name")[0][1] == {
            "cluster.name": "vmmclu.contoso.lab",
            "cluster.nodes": ", ".join(NODES),
        }
        assert offered("cluster.name", a_plan())[0][1] == {"cluster.name": "vmmclu.contoso.lab"}
        assert offered("cluster.name")[1] == (
            "sqlclu  (its nodes have told nothing)",
            {"cluster.name": "sqlclu.contoso.lab"},
        )

    def test_nodes_are_added_behind_those_that_are_chosen(self) -> None:
        cluster = Cluster(name=HostName.parse("vmmclu"), nodes=(HostName.parse("vmm02.contoso.lab"),))
        rows = offered("cluster.nodes", replace(BARE, cluster=cluster))
        assert rows[0] == (f"all of vmmclu: {', '.join(NODES)}", {"cluster.nodes": ", ".join(NODES)})
        assert ("add vmm01.contoso.lab", {"cluster.nodes": "vmm02.contoso.lab, vmm01.contoso.lab"}) in rows
        assert not any("add vmm02" in text for text, _ in rows)

    def test_an_address_takes_the_place_of_the_one_in_its_network(self) -> None:
        plan = a_plan()
        assert [str(address) for address in plan.cluster.static_addresses] != []
        others = [str(row) for row in plan.cluster.static_addresses if not str(row).startswith("10.10.0.")]
        rows = offered("cluster.static_addresses", plan)
        assert rows[0][1] == {"cluster.static_addresses": ", ".join((*others, "10.10.0.41"))}
        assert len(rows) == 2


async def test_a_field_says_what_was_found_and_the_list_fills_it(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, BARE)
    async with app.run_test(size=SMALL) as pilot:
        await app.wizard.show_page(pages.SQL)
        await pilot.pause()
        app.jobs.close()
        app.wizard.post_message(Found(FOUND))
        await to_field(pilot, "database.host")
        await until(pilot, lambda: "4 found: F4" in screen_text(pilot))
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and app.screen.query(OptionList))
        await until(pilot, lambda: "sql02.contoso.lab\\VMM" in screen_text(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.answers.plan.database.target.instance == "VMM")
        assert field_text(app.answers.plan, "database.host") == "sql02"


async def test_typing_goes_on_while_the_list_fills_and_keeps_what_was_typed(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, BARE)
    async with app.run_test(size=SMALL) as pilot:
        await app.wizard.show_page(pages.SQL)
        await pilot.pause()
        app.jobs.close()
        await to_field(pilot, "database.host")
        await pilot.press("s", "q", "l")
        app.wizard.post_message(Found(FOUND))
        await pilot.press("9")
        await until(pilot, lambda: "found: F4" in screen_text(pilot))
        await until(pilot, lambda: field_text(app.answers.plan, "database.host") == "sql9")


async def test_without_anything_found_the_key_says_so(tmp_path: Path) -> None:
    app = a_wizard(tmp_path, BARE)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        app.jobs.close()
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "nothing was looked for yet" in screen_text(pilot))
        app.wizard.post_message(Found(FOUND))
        await pilot.pause()
        await pilot.press("f4")
        await until(pilot, lambda: "nothing was found for this field" in screen_text(pilot))


async def test_arriving_on_a_page_has_the_estate_searched_once(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        plan = replace(
            BARE,
            installing_account=served.plan.installing_account,
        )
        app = WizardApp(Answers(plan), served.secrets, served.book)
        async with app.run_test(size=SMALL) as pilot:
            await app.wizard.show_page(pages.CLUSTER)
            await until(pilot, lambda: app.wizard.view.found is not None and app.wizard.view.found.done)
            first = app.wizard.view.found
            await app.wizard.show_page(pages.NAMES)
            await until(pilot, lambda: "found: F4" in screen_text(pilot))
            assert app.wizard.view.found is first
            await to_page(pilot, "cluster")
            await to_field(pilot, "cluster.name")
            await pilot.press("f4")
            await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and app.screen.query(OptionList))
            await pilot.press("enter")
            await until(pilot, lambda: [node.key for node in app.answers.plan.nodes] == list(NODES))
            app.jobs.close()
