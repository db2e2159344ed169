"""Accounts and containers to choose from, and what an answer fills in: as a table."""

from __future__ import annotations

from dataclasses import replace

from vmm_wizard.facts.discovery_model import (
    Clusters,
    Containers,
    Discovery,
    FoundAccount,
    FoundCluster,
    FoundContainer,
    FoundInstance,
)
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.wizard.answers import Answers
from vmm_wizard.wizard.filling import fill_ins, filled
from vmm_wizard.wizard.found import narrowed, offering
from vmm_wizard.wizard.found_accounts import wants_accounts
from vmm_wizard.wizard.searched import Asked
from vmm_wizard.wizard.suggesting import Suggestion

BARE = Plan(domain=HostName.parse("contoso.lab"))
BASE = "DC=contoso,DC=lab"
SVC, GMSA, ADMIN = (
    FoundAccount("CONTOSO\\svc-vmm", state=("disabled",), description="VMM\x1b[2J\nservice"),
    FoundAccount("CONTOSO\\gmsa-vmm$", managed=True),
    FoundAccount("CONTOSO\\admin"),
)
FOUND = Discovery(
    "contoso.lab",
    domains=("contoso.lab", "fabrikam.lab"),
    accounts=(GMSA, SVC),
    containers=Containers(
        BASE,
        (
            FoundContainer(f"CN=System,{BASE}"),
            FoundContainer(f"CN=Builtin,{BASE}", "builtin"),
            FoundContainer(f"OU=Servers\\, old,{BASE}", "unit", "those of then"),
            FoundContainer(f"CN=VMMDKM,{BASE}"),
        ),
        (FoundContainer(f"CN=VMMDKM,{BASE}"),),
    ),
    done=True,
)


def rows(
    key: str, typed: str = "", asked: Asked | None = None, found: Discovery = FOUND, plan: Plan = BARE
) -> tuple[Suggestion, ...]:
    return narrowed(key, offering(key, found, plan, asked, typed), typed)


def lines(key: str, typed: str = "", asked: Asked | None = None, found: Discovery = FOUND) -> list[str]:
    return [row.line for row in rows(key, typed, asked, found)]


class TestAccounts:
    def test_those_that_cannot_log_on_come_last(self) -> None:
        usable = FoundAccount("CONTOSO\\svc-zulu")
        for asked, found in (
            (Asked(accounts={"svc": (SVC, usable)}), FOUND),
            (None, replace(FOUND, accounts=(SVC, usable))),
        ):
            assert "svc-zulu" in lines("service_account.name", "svc", asked, found)[0]

    def test_say_their_kind_and_state_and_nothing_steers_the_terminal(self) -> None:
        assert lines("service_account.name") == [
            "CONTOSO\\gmsa-vmm$  managed (gMSA)",
            "CONTOSO\\svc-vmm  user, disabled  VMM\\x1b[2J service",
        ]

    def test_bring_their_kind_where_it_is_asked_for_and_no_managed_one_installs(self) -> None:
        assert rows("service_account.name")[0].answers["service_account.kind"] == "gmsa"
        assert [row.answers for row in rows("installing_account")] == [{"installing_account": SVC.name}]

    def test_that_the_directory_gave_for_what_is_typed_are_shown_though_their_name_is_another(self) -> None:
        asked = Asked().with_accounts("Ada Love", (ADMIN,))
        assert lines("database.admin_account", "ada love", asked) == ["CONTOSO\\admin  user"]
        assert lines("database.admin_account", "FABRIKAM\\ada love", asked) == []
        assert lines("database.admin_account", "x", Asked().with_accounts("x", NoAnswer("away"))) == [
            "x@contoso.lab",
            "x@fabrikam.lab",
        ]

    def test_are_completed_with_a_domain_before_any_can_be_asked_for(self) -> None:
        bare = Discovery("", domains=("contoso.lab", "fabrikam.lab"), caller="ada@contoso.lab")
        assert lines("installing_account", "", found=bare) == ["ada@contoso.lab  you, on this computer"]
        assert lines("installing_account", "bob", found=bare) == ["bob@contoso.lab", "bob@fabrikam.lab"]
        assert lines("installing_account", "bob@f", found=bare) == ["bob@fabrikam.lab"]
        assert lines("installing_account", "CONTOSO\\bob", found=bare) == []

    def test_are_asked_for_once_and_from_two_letters_on(self) -> None:
        asked = Asked().with_accounts("svc", ())
        assert wants_accounts("service_account.name", "CONTOSO\\Adm", asked) == "adm"
        assert wants_accounts("service_account.name", "adm@contoso.lab", asked) == "adm"
        assert wants_accounts("service_account.name", "SVC", asked) == ""
        assert wants_accounts("service_account.name", "a", asked) == ""
        assert wants_accounts("database.host", "adm", asked) == ""


class TestContainers:
    def test_begin_with_what_looks_like_one_and_the_open_root(self) -> None:
        assert lines("dkm.container") == [
            f"CN=VMMDKM,{BASE}  named like one",
            f"- {BASE}",
            "  + CN=VMMDKM",
            "  + OU=Servers\\, old  those of then",
            "  + CN=Builtin",
            "  + CN=System",
            "  create CN=VMMDKM2 here ...",
        ]

    def test_open_and_close(self) -> None:
        unit = f"OU=Servers\\, old,{BASE}"
        asked = Asked().with_turned(unit)
        assert "    asking what is in it ..." in lines("dkm.container", "", asked)
        asked = asked.with_children(unit, (FoundContainer(f"CN=Keys,{unit}"),))
        shown = lines("dkm.container", "", asked)
        at = shown.index("  - OU=Servers\\, old  those of then")
        assert shown[at + 1 : at + 3] == ["    create CN=VMMDKM here ...", "    + CN=Keys"]
        assert len(lines("dkm.container", "", asked.with_turned(unit))) == 7
        assert lines("dkm.container", "", Asked().with_turned(BASE))[1:] == [f"+ {BASE}"]
        silent = asked.with_children(unit, NoAnswer("it is gone"))
        assert "    it is gone" in lines("dkm.container", "", silent)

    def test_that_are_new_are_created_when_taken_and_units_only_open(self) -> None:
        made = rows("dkm.container")
        assert (made[-1].creates, made[-1].answers) == (
            f"CN=VMMDKM2,{BASE}",
            {"dkm.container": f"CN=VMMDKM2,{BASE}"},
        )
        assert not any(row.creates for row in made[:-1])
        assert [row.text for row in made if row.opens and not row.answers] == [
            BASE,
            "OU=Servers\\, old  those of then",
            "CN=Builtin",
        ]


class TestFillIns:
    def test_an_account_names_the_domain_that_this_computer_knows(self) -> None:
        answers = Answers()
        answers.answer("installing_account", "CONTOSO\\bob")
        assert fill_ins(["installing_account"], answers, FOUND) == {"domain": "contoso.lab"}
        assert fill_ins(["release"], answers, FOUND) == fill_ins(["installing_account"], answers, None) == {}
        answers.answer("domain", "other.lab")
        assert fill_ins(["installing_account"], answers, FOUND) == {}

    def test_a_cluster_names_its_nodes_and_never_over_what_is_there(self) -> None:
        nodes = ("vmm01.contoso.lab", "vmm02.contoso.lab")
        found = replace(FOUND, clusters=Clusters((FoundCluster("vmmclu", nodes=nodes),)))
        answers = Answers(BARE)
        answers.answer("cluster.name", "VMMCLU")
        assert fill_ins(["cluster.name"], answers, found) == {"cluster.nodes": ", ".join(nodes)}
        answers.answer("cluster.nodes", "vmm09")
        assert fill_ins(["cluster.name"], answers, found) == {}

    def test_a_server_names_its_only_instance(self) -> None:
        one = FoundInstance("sql02.contoso.lab", "VMM")
        answers = Answers(BARE)
        answers.answer("database.host", "sql02")
        assert fill_ins(["database.host"], answers, replace(FOUND, instances=(one,))) == {"database.instance": "VMM"}
        two = replace(FOUND, instances=(one, replace(one, instance="B")))
        assert fill_ins(["database.host"], answers, two) == {}

    def test_are_told(self) -> None:
        assert filled(()) == ""
        assert "Nodes, in order" in filled(("cluster.nodes",))
