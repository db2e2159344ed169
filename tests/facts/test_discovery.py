"""What is found in a domain: the parts as pure functions, and the whole over real sockets with an estate."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.estates import ServedEstate, contoso_plan, serving_estate
from vmm_wizard.addresses import AddressError
from vmm_wizard.facts.directory_services import instances_of
from vmm_wizard.facts.discovery import caller, discover, discovery_question
from vmm_wizard.facts.discovery_clusters import USUAL_MEDIA
from vmm_wizard.facts.discovery_model import (
    Clusters,
    Containers,
    Discovery,
    FoundAccount,
    FoundInstance,
    carried,
)
from vmm_wizard.facts.discovery_sql import merged
from vmm_wizard.facts.free_addresses import free_addresses
from vmm_wizard.facts.model import NOT_ASKED, NoAnswer
from vmm_wizard.facts.passwords import Passwords
from vmm_wizard.facts.sql_browser import Announced, read_all
from vmm_wizard.lab.sql_browser import Instance, answer_to
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName, HostName

DN = "CN=svc-sql,DC=contoso,DC=lab"


def found_by(*spns: str) -> list[tuple[str, str, int]]:
    return [(row.host, row.instance, row.port) for row in instances_of([(DN, spns)])]


class TestPrincipalNames:
    @pytest.mark.parametrize(
        ("spns", "found"),
        [
            (("MSSQLSvc/sql01.contoso.lab:1433",), [("sql01.contoso.lab", "", 1433)]),
            (("MSSQLSvc/SQL01.contoso.lab",), [("sql01.contoso.lab", "", 1433)]),
            (("MSSQLSvc/sql01.contoso.lab", "MSSQLSvc/sql01.contoso.lab:1433"), [("sql01.contoso.lab", "", 1433)]),
            (("MSSQLSvc/sql01.contoso.lab", "MSSQLSvc/sql01.contoso.lab:50000"), [("sql01.contoso.lab", "", 50000)]),
            (("mssqlsvc/s.lab:VMM", "MSSQLSvc/s.lab:49200"), [("s.lab", "VMM", 49200)]),
            (("MSSQLSvc/s.lab:VMM",), [("s.lab", "VMM", 0)]),
            (
                ("MSSQLSvc/s.lab:A", "MSSQLSvc/s.lab:B", "MSSQLSvc/s.lab:49200", "MSSQLSvc/s.lab:49300"),
                [("s.lab", "A", 0), ("s.lab", "B", 0)],
            ),
            (
                ("MSSQLSvc/s.lab:1433", "MSSQLSvc/s.lab:VMM", "MSSQLSvc/s.lab:49200"),
                [("s.lab", "", 1433), ("s.lab", "VMM", 49200)],
            ),
            (("MSSQLSvc/s.lab:49200",), [("s.lab", "", 49200)]),
            (("HOST/s.lab", "MSOLAPSvc.3/s.lab"), []),
        ],
    )
    def test_each_form_is_read_as_what_it_says(self, spns: tuple[str, ...], found: list[tuple[str, str, int]]) -> None:
        assert found_by(*spns) == found

    def test_who_holds_them_is_kept(self) -> None:
        holders = [("CN=a", ["MSSQLSvc/s.lab:1433"]), ("CN=b", ["MSSQLSvc/s.lab"])]
        (row,) = instances_of(holders)
        assert row.accounts == ("CN=a", "CN=b")


class TestBrowser:
    def test_everything_that_it_announces_is_read(self) -> None:
        rows = [Instance("SQL01", "", "16.0.1000.6", 1433, True), Instance("SQL01", "VMM", "15.0.2000.5", 49200)]
        assert read_all(answer_to(b"\x03", rows)) == (
            Announced("MSSQLSERVER", "16.0.1000.6", 1433, True),
            Announced("VMM", "15.0.2000.5", 49200, False),
        )

    def test_what_makes_no_sense_is_left_out_of_it(self) -> None:
        text = b"ServerName;S;InstanceName;A;IsClustered;Perhaps;Version;\x1b[2J;tcp;99999;;ServerName;S;;"
        answer = b"\x05" + len(text).to_bytes(2, "little") + text
        assert read_all(answer) == (Announced("A", "", 0, None),)

    def test_it_adds_to_what_the_directory_knew_and_tells_what_that_did_not(self) -> None:
        own = [FoundInstance("s.lab", "VMM", accounts=(DN,))]
        told = [Announced("vmm", "15.0.1.2", 49200, False), Announced("MSSQLSERVER", "16.0.1.2", 1433, True)]
        assert merged(own, told) == [
            FoundInstance("s.lab", "VMM", 49200, "15.0.1.2", False, (DN,), True),
            FoundInstance("s.lab", "", 1433, "16.0.1.2", True, (DN,), True),
        ]


class Names:
    """DNS as a table of names; asks are counted."""

    ca_file = None

    def __init__(self, names: dict[str, tuple[str, ...]], broken: bool = False) -> None:
        self.names = names
        self.broken = broken
        self.asked: list[str] = []

    def names_of(self, address: str) -> tuple[str, ...]:
        self.asked.append(address)
        if self.broken:
            raise AddressError("DNS gave no answer")
        return self.names.get(address, ())


class TestFreeAddresses:
    def test_they_are_looked_for_from_behind_a_known_one_without_those_that_are_taken_or_named(self) -> None:
        names = Names({"10.0.0.43": ("printer.lab",)})
        found = free_addresses("10.0.0.0/24", {"10.0.0.41", "fe80::1"}, "10.0.0.40", names, 3)  # type: ignore[arg-type]
        assert found == ("10.0.0.42", "10.0.0.44", "10.0.0.45")

    def test_they_go_round_and_leave_out_what_routers_have_by_habit(self) -> None:
        names = Names({})
        found = free_addresses("10.0.0.0/29", (), "10.0.0.4", names)  # type: ignore[arg-type]
        assert found == ("10.0.0.5", "10.0.0.2", "10.0.0.3", "10.0.0.4")

    def test_a_full_network_is_not_asked_about_for_ever(self) -> None:
        names = Names({f"10.0.{number // 256}.{number % 256}": ("x",) for number in range(65536)})
        assert free_addresses("10.0.0.0/16", (), "", names) == ()  # type: ignore[arg-type]
        assert len(names.asked) == 64

    def test_without_dns_nothing_is_called_free(self) -> None:
        found = free_addresses("10.0.0.0/24", (), "", Names({}, broken=True))  # type: ignore[arg-type]
        assert isinstance(found, NoAnswer)
        assert "is not known: DNS gave no answer" in found.reason


class TestCarried:
    def test_what_was_found_stays_until_it_has_been_asked_again(self) -> None:
        before = Discovery("a.lab", ("dc1",), accounts=(FoundAccount("A\\x"),), done=True)
        now = carried(before, Discovery("a.lab", ("dc2",)))
        assert (now.controllers, now.accounts, now.done) == (("dc2",), before.accounts, False)
        assert carried(before, Discovery("a.lab", done=True)).accounts is NOT_ASKED
        assert carried(before, Discovery("b.lab")).accounts is NOT_ASKED
        assert carried(None, before) is before


def test_who_runs_the_wizard_is_told_by_windows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERNAME", "ada")
    monkeypatch.delenv("USERDNSDOMAIN", raising=False)
    assert caller(("contoso.lab",)) == ""
    monkeypatch.setenv("USERDNSDOMAIN", "CONTOSO.LAB")
    assert caller(("contoso.lab",)) == "ada@contoso.lab"
    assert caller(("fabrikam.lab",)) == ""


def look(served: ServedEstate, plan: Plan, cancel: threading.Event | None = None) -> list[Discovery]:
    passwords = Passwords(served.book, 20.0)
    try:
        question = discovery_question(plan, served.book.ca_file or "")
        return list(discover(question, served.secrets, passwords, served.book, cancel))
    finally:
        passwords.close()


def only(domain: str = "contoso.lab", account: str = "CONTOSO\\vmm-setup") -> Plan:
    """A plan that says nothing but where to look and as whom."""
    return Plan(domain=HostName.parse(domain), installing_account=AccountName.parse(account))


class TestEstate:
    def test_controllers_servers_clusters_nodes_and_free_addresses_are_found(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            served.estate.nodes["vmm01.contoso.lab"].state.neighbors.add("10.10.0.42")
            found = look(served, only())[-1]
        assert found.done
        assert found.controllers == ("dc01.contoso.lab",)
        assert not isinstance(found.instances, NoAnswer)
        rows = {(row.host.partition(".")[0], row.instance): row for row in found.instances}
        assert {"sql01", "sql02", "sql03", "sql04"} <= {host for host, _ in rows}
        assert rows["sql02", "VMM"].version == "15.0.4430.1"
        assert rows["sql02", "VMM"].by_browser
        assert rows["sql01", ""].port == 1433
        # Its SQL Browser is silent: the port itself tells.
        assert rows["sql01", ""].version == "15.0.4430"
        assert isinstance(found.clusters, Clusters)
        (cluster,) = found.clusters.clusters
        assert (cluster.name, cluster.told_by) == ("vmmclu", "vmm01.contoso.lab")
        assert cluster.nodes == ("vmm01.contoso.lab", "vmm02.contoso.lab", "vmm03.contoso.lab")
        assert cluster.dn == "CN=VMMCLU,OU=Clusters,DC=contoso,DC=lab"
        assert cluster.states == ("Up", "Up", "Up")
        assert [(row.path, row.host) for row in found.media] == [(USUAL_MEDIA, "vmm01.contoso.lab")]
        assert not isinstance(found.accounts, NoAnswer)
        assert [row.name for row in found.accounts] == ["CONTOSO\\svc-vmm", "CONTOSO\\vmm-setup"]
        assert isinstance(found.containers, Containers)
        assert [row.dn for row in found.containers.likely] == ["CN=VMMDKM,DC=contoso,DC=lab"]
        networks = {row.name: row for row in cluster.networks}
        assert networks["Management"].free[:2] == ("10.10.0.41", "10.10.0.43")  # type: ignore[index]
        assert (found.clusters.nodes, found.clusters.silent) == ((), ())

    def test_what_is_known_comes_before_the_rest_is(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            seen = look(served, only())
        assert seen[0].domains == ("contoso.lab",)
        assert seen[1].controllers == ("dc01.contoso.lab",)
        assert isinstance(seen[1].instances, NoAnswer)
        assert [row.done for row in seen].count(True) == 1

    def test_one_password_is_proved_by_one_bind_and_a_wrong_one_is_tried_once(self, tmp_path: Path) -> None:
        from vmm_wizard.plan.secrets import Secret

        with serving_estate(tmp_path) as served:
            served.secrets.put(AccountName.parse("CONTOSO\\vmm-setup"), Secret("wrong"))
            found = look(served, only())[-1]
            assert served.estate.report()["bad_logons"] == {"CONTOSO\\vmm-setup": 1}
        assert found.controllers == ("dc01.contoso.lab",)
        for part in (found.instances, found.clusters):
            assert isinstance(part, NoAnswer)
            assert part.code == "logon"

    def test_without_an_account_only_dns_is_asked(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            (*_, found) = look(served, only(account=""))
        assert found.controllers == ("dc01.contoso.lab",)
        assert isinstance(found.instances, NoAnswer)
        assert "no account is known" in found.instances.reason

    def test_an_ordinary_user_sees_what_the_directory_shows_and_which_nodes_told_nothing(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            found = look(served, only(account="CONTOSO\\reader"))[-1]
        assert not isinstance(found.instances, NoAnswer)
        assert isinstance(found.clusters, Clusters)
        (cluster,) = found.clusters.clusters
        assert (cluster.name, cluster.told_by, cluster.nodes) == ("vmmclu", "", ())
        assert [host for host, _ in found.clusters.silent] == list(found.clusters.nodes)
        assert all("needs local administrator" in reason for _, reason in found.clusters.silent)

    def test_another_node_describes_the_cluster_where_the_first_is_silent(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            served.estate.nodes["vmm01.contoso.lab"].state.language_mode = "ConstrainedLanguage"
            found = look(served, only())[-1]
        assert isinstance(found.clusters, Clusters)
        assert found.clusters.clusters[0].told_by == "vmm02.contoso.lab"
        assert [host for host, _ in found.clusters.silent] == ["vmm01.contoso.lab"]

    def test_a_network_with_dhcp_needs_no_address(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            served.estate.cluster.networks[0].dhcp = True
            found = look(served, contoso_plan())[-1]
        assert isinstance(found.clusters, Clusters)
        network = found.clusters.clusters[0].networks[0]
        assert (network.dhcp, network.free) == (True, ())

    def test_a_domain_that_nobody_knows_ends_in_reasons(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            found = look(served, only("elsewhere.lab", "ELSEWHERE\\admin"))[-1]
        assert isinstance(found.instances, NoAnswer)
        assert isinstance(found.clusters, NoAnswer)

    def test_it_stops_when_nobody_wants_it_any_more(self, tmp_path: Path) -> None:
        cancel = threading.Event()
        cancel.set()
        with serving_estate(tmp_path) as served:
            seen = look(served, only(), cancel)
        assert not seen[-1].done
        assert isinstance(seen[-1].clusters, NoAnswer)

    def test_before_anything_is_answered_the_domains_that_this_computer_knows_are_told(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            found = look(served, Plan())[-1]
        assert (found.done, found.domain, found.domains) == (True, "", ("contoso.lab",))

    def test_nothing_is_changed_by_looking(self, tmp_path: Path) -> None:
        with serving_estate(tmp_path) as served:
            before = replace(contoso_plan())
            look(served, before)
            report = served.estate.report()
        assert (report["objects_created"], report["rights_changed"], report["bad_logons"]) == ([], [], {})
