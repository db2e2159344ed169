"""The request to another team: whole, to the right one, and with commands that can be pasted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.building import a_plan, good_facts, installed_facts, the_names
from tests.checks.asking import VMM01, VMM02
from vmm_wizard.afterwards.follow_ups import follow_ups
from vmm_wizard.checks.explain import explain
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.checks.remedies import AD_TEAM, DBA, NETWORK, Remedy, Team, ask, in_plan, on_node
from vmm_wizard.plan.model import Acceptance, AskedFor, Registration
from vmm_wizard.report.request import TEAMS, as_text, requested

COMMAND = "dsacls 'CN=VMMDKM,DC=contoso,DC=lab' /I:T /G 'CONTOSO\\vmm-setup:GA' " + "x" * 100


def a_finding(check_id: str, remedy: Remedy, status: Status = Status.FAIL, subject: str = "") -> Finding:
    row = Finding(check_id, f"Title of {check_id}", "dkm", "DKM", status, subject, f"read of {check_id}", str(remedy))
    return replace(row, steps=remedy.steps)


GRANT = a_finding("DKM-02", ask(AD_TEAM, COMMAND))
PORT = a_finding("SQL-01", ask(NETWORK, "let TCP 1433 through", ask(DBA, "listen on TCP")), subject=VMM01)
OTHER_PORT = replace(PORT, subject=VMM02)
RENAME = a_finding("NAM-02", in_plan("choose another role name"))
RESTART = a_finding("NOD-08", on_node(VMM02, "Restart-Computer"), subject=VMM02)
PROTECT = a_finding("DKM-03", ask(AD_TEAM, "protect it"), Status.WARN)
ALL = (PROTECT, GRANT, PORT, OTHER_PORT, RENAME, RESTART)


def test_each_team_gets_what_it_must_do_and_nothing_else_gravest_first() -> None:
    assert requested(ALL, Team.AD) == (GRANT, PROTECT)
    assert requested(ALL, Team.NETWORK) == (PORT, OTHER_PORT)
    assert requested(ALL, Team.SQL) == (PORT, OTHER_PORT)
    assert requested(ALL, Team.NODES) == (RESTART,)


def test_after_the_install_follow_ups_are_asked_for_in_place_of_the_checks_behind_them() -> None:
    facts = installed_facts(principal_names=the_names())
    plan = a_plan()
    rows = judge(plan, facts)
    text = as_text(plan, rows, Team.AD, "site.toml", follow_ups(plan, facts, file="site.toml"))
    flat = " ".join(text.split())
    assert "We has installed" not in flat
    assert "installed System Center" in flat
    assert "Service principal names" in text
    assert r"     setspn -U -S 'SCVMM/vmm' 'CONTOSO\svc-vmm'" in text.splitlines()
    assert "Consoles can find and trust the role (POST-03)" not in text
    number = int(flat.split(": ")[2].split()[0])
    assert f"\n{number}. " in text
    assert f"\n{number + 1}. " not in text
    assert "Nothing that was found is for the network team" in as_text(
        plan, (), Team.NETWORK, "site.toml", follow_ups(plan, facts)
    )


def test_what_is_good_or_accepted_is_asked_of_nobody() -> None:
    accepted = replace(PROTECT, accepted=Acceptance("DKM-03", "", "later"))
    assert requested((replace(GRANT, status=Status.PASS), accepted), Team.AD) == ()
    assert as_text(a_plan(), (accepted,), Team.AD, "a.toml") == "Nothing that was found is for the AD team.\n"


def test_a_request_says_who_wants_what_and_why_and_how_it_is_seen_to_be_done() -> None:
    plan = replace(a_plan(), registration=Registration(user_name="Jo", company_name="Contoso", eula_accepted=True))
    text = as_text(plan, ALL, Team.AD, "site.toml")
    flat = " ".join(text.split())
    assert text.startswith("Subject: VMM 2022 on vmmclu.contoso.lab: 2 things for the AD team\n\nJo (Contoso) will ")
    assert f"(nodes {VMM01}, {VMM02}), with its database on sql01." in flat
    assert "1. Title of DKM-02 (DKM-02)" in text
    assert "Read: read of DKM-02" in text
    assert explain("DKM-02").why in flat
    done = "Seen as done: the next check looks at it again, and DKM-02 passes. It looks at this:"
    assert f"{done} {explain('DKM-02').asks}" in flat
    assert "`vmm-wizard check site.toml`" in flat
    assert "NAM-02" not in text


def test_a_request_of_warnings_alone_does_not_threaten() -> None:
    assert "takes everything back" in " ".join(as_text(a_plan(), (GRANT, PROTECT), Team.AD, "a").split())
    mild = " ".join(as_text(a_plan(), (PROTECT,), Team.AD, "a").split())
    assert "takes everything back" not in mild
    assert "found one thing that only you can mend; setup could go on, but it is better mended" in mild


def test_a_command_stands_on_a_line_by_itself_and_whole() -> None:
    text = as_text(a_plan(), ALL, Team.AD, "site.toml")
    assert f"     {COMMAND}\n" in text
    assert all(len(line) <= 78 for line in text.splitlines() if COMMAND not in line)


def test_one_check_on_two_nodes_is_one_point_that_names_both() -> None:
    text = as_text(a_plan(), ALL, Team.NETWORK, "site.toml")
    flat = " ".join(text.split())
    assert "\n2. " not in text
    assert f"Read: {VMM01}: read of SQL-01" in text
    assert f"and SQL-01 passes for {VMM01}, {VMM02}." in flat
    assert text.count("     let TCP 1433 through\n") == 2
    assert "listen on TCP" not in text
    assert "The DBAs will be asked for their part of it." in text


def test_what_was_asked_before_says_so() -> None:
    asked = AskedFor("DKM-02", "", "ad", "CHG-1", date(2026, 11, 20))
    text = as_text(a_plan(), (replace(GRANT, asked=(asked,)),), Team.AD, "site.toml")
    assert "   Already asked for (ad, CHG-1) on 2026-11-20.\n" in text


def test_a_hostile_name_steers_no_terminal() -> None:
    plan = replace(a_plan(), registration=Registration(user_name="Jo\x1b[31m"))
    assert "\x1b" not in as_text(plan, ALL, Team.AD, "site.toml\x1b[2J")


@pytest.mark.parametrize("team", TEAMS)
def test_every_team_but_the_asker_has_a_name(team: Team) -> None:
    assert as_text(a_plan(), judge(a_plan(), good_facts()), team, "a").startswith("Nothing that was found is for the ")
    assert set(TEAMS) == set(Team) - {Team.PLAN}
