"""What was found in the estate beside free typing: suggestions as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import a_plan
from vmm_wizard.facts.discovery_model import Clusters, Discovery, FoundCluster, FoundInstance, FoundNetwork
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.model import Cluster, Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.wizard import pages
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.found import KEYS, narrowed, offering, why_none
from vmm_wizard.wizard.suggesting import texts_of

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
                ("Up", "Paused", "Down"),
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
        assert all(any(key in page.keys for page in pages.BY_ID.values()) for key in KEYS)

    def test_nothing_is_suggested_before_something_was_found_nor_for_other_fields(self) -> None:
        assert offering("database.host", None, BARE) is None
        assert offering("database.name", FOUND, BARE) is None
        assert why_none("database.name", FOUND) == why_none("database.host", None) == ""

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
        assert "does not fit: named as SQL Server Express names itself" in texts[-1]

    def test_those_that_do_not_fit_come_last(self) -> None:
        texts = [text for text, _ in offered("database.host")]
        assert [text.partition("  ")[0].partition(".")[0] for text in texts] == ["sql01", "sql02", "sql05", "sql03"]

    def test_a_cluster_brings_its_nodes_where_none_are_chosen_and_says_how_they_are(self) -> None:
        made = offering("cluster.name", FOUND, BARE)
        assert made is not None
        row, stray = made.suggestions
        assert row.line == "vmmclu  (vmm01 Up, vmm02 Paused, vmm03 Down)"
        assert stray.line == "sqlclu  (its nodes have told nothing)"
        assert texts_of(row, Answers(BARE)) == (
            {"cluster.name": "vmmclu.contoso.lab", "cluster.nodes": ", ".join(NODES)},
            ("cluster.nodes",),
        )
        assert texts_of(row, Answers(a_plan())) == ({"cluster.name": "vmmclu.contoso.lab"}, ())

    def test_what_cannot_be_read_is_not_written_over_either(self) -> None:
        made = offering("cluster.name", FOUND, BARE)
        assert made is not None
        answers = Answers(BARE)
        assert answers.answer("cluster.nodes", "10.1.1.1")
        assert texts_of(made.suggestions[0], answers)[1] == ()

    def test_nodes_are_added_behind_those_that_are_chosen(self) -> None:
        cluster = Cluster(name=HostName.parse("vmmclu"), nodes=(HostName.parse("vmm02.contoso.lab"),))
        rows = offered("cluster.nodes", replace(BARE, cluster=cluster))
        assert rows[0] == (
            "all of vmmclu: vmm01 Up, vmm02 Paused, vmm03 Down",
            {"cluster.nodes": ", ".join(NODES)},
        )
        assert ("add vmm01.contoso.lab  Up", {"cluster.nodes": "vmm02.contoso.lab, vmm01.contoso.lab"}) in rows
        assert not any("add vmm02" in text for text, _ in rows)

    def test_an_address_takes_the_place_of_the_one_in_its_network(self) -> None:
        plan = a_plan()
        assert [str(address) for address in plan.cluster.static_addresses] != []
        others = [str(row) for row in plan.cluster.static_addresses if not str(row).startswith("10.10.0.")]
        typed = ", ".join(str(address) for address in plan.cluster.static_addresses)
        assert offered("cluster.static_addresses", plan) == [
            (row.text, row.answers)
            for made in [offering("cluster.static_addresses", FOUND, plan, typed=typed)]
            if made
            for row in made.suggestions
        ]
        rows = offered("cluster.static_addresses", plan)
        assert rows[0][1] == {"cluster.static_addresses": ", ".join((*others, "10.10.0.41"))}
        assert len(rows) == 2

    def test_networks_that_lack_an_address_get_one_each_at_once(self) -> None:
        first, second = (f"10.{number}.0" for number in (10, 20))
        networks = tuple(
            FoundNetwork(name, f"{start}.0/24", False, (f"{start}.41", f"{start}.42"))
            for name, start in (("A", first), ("B", second))
        )
        found = replace(FOUND, clusters=Clusters((FoundCluster("vmmclu", networks=networks),)))
        made = offering("cluster.static_addresses", found, BARE)
        assert made is not None
        assert made.suggestions[0].answers == {"cluster.static_addresses": "10.10.0.41, 10.20.0.41"}
        made = offering("cluster.static_addresses", found, BARE, typed="10.10.0.41, 10.2")
        rows = narrowed("cluster.static_addresses", made, "10.10.0.41, 10.2")
        assert [row.answers["cluster.static_addresses"] for row in rows] == [
            "10.10.0.41, 10.20.0.41",
            "10.10.0.41, 10.20.0.42",
        ]

    def test_what_is_typed_of_a_node_is_not_taken_for_one(self) -> None:
        made = offering("cluster.nodes", FOUND, BARE, typed="vmm02, vmm0")
        rows = narrowed("cluster.nodes", made, "vmm02, vmm0")
        assert [row.answers["cluster.nodes"] for row in rows][1:] == [
            "vmm02.contoso.lab, vmm01.contoso.lab",
            "vmm02.contoso.lab, vmm03.contoso.lab",
        ]

    def test_behind_a_whole_entry_of_a_list_all_that_is_left_is_offered(self) -> None:
        for typed in ("vmm02", "vmm02.contoso.lab"):
            plan = replace(BARE, cluster=Cluster(nodes=(HostName.parse(typed),)))
            made = offering("cluster.nodes", FOUND, plan, typed=typed)
            assert made is not None
            assert narrowed("cluster.nodes", made, typed) == made.suggestions

    def test_where_each_network_has_an_address_others_are_there_for_who_asks(self) -> None:
        for typed in ("10.10.0.50", "10.20.0.50, 10.10.0.50", "10.10.0.50, 10.20.0.50"):
            made = offering("cluster.static_addresses", FOUND, BARE, typed=typed)
            assert made is not None
            assert narrowed("cluster.static_addresses", made, typed) == ()

    def test_nodes_to_move_to_are_those_of_the_plan(self) -> None:
        assert [answers for _, answers in offered("order.target", a_plan())] == [
            {"order.target": node.key} for node in a_plan().nodes
        ]


class TestNarrowed:
    def test_by_any_part_in_any_case(self) -> None:
        made = offering("database.host", FOUND, BARE)
        assert [row.answers["database.host"] for row in narrowed("database.host", made, "L02.CON")] == ["sql02"]
        assert len(narrowed("database.host", made, "fits")) == 2
        assert narrowed("database.host", made, "oracle") == ()
        assert narrowed("database.host", made, " ") == (made.suggestions if made else ())
        assert narrowed("database.host", None, "x") == ()

    def test_is_over_once_a_suggestion_stands_in_the_field(self) -> None:
        made = offering("database.host", FOUND, BARE)
        assert narrowed("database.host", made, "SQL01 ") == ()


class TestWhyNone:
    def test_what_a_server_said_does_not_steer_the_terminal(self) -> None:
        found = replace(FOUND, controllers=NoAnswer("dc01 said \x1b[2J", "unreadable"))
        assert r"dc01 said \x1b[2J" in why_none("connection.directory_server", found)

    def test_before_an_account_can_ask_it_says_what_is_missing(self) -> None:
        nobody = Discovery("contoso.lab", done=True)
        assert "installing account" in why_none("dkm.container", nobody)
        assert why_none("installing_account", nobody) == ""
        assert "looking" in why_none("cluster.name", replace(nobody, done=False))

    def test_what_could_not_be_read_is_told(self) -> None:
        silent = NoAnswer("dc01 does not answer", "timeout")
        assert "dc01 does not answer" in why_none("database.host", Discovery("contoso.lab", instances=silent))

    def test_nothing_is_said_where_all_was_read(self) -> None:
        assert why_none("database.host", FOUND) == ""
