"""Names in commands: quoted so that nothing in them runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.building import good_facts
from vmm_wizard.checks.remedies import (
    AD_TEAM,
    DBA,
    NETWORK,
    Team,
    ask,
    down_level,
    full_control,
    in_plan,
    on_node,
    powershell,
    same_account,
    sql_name,
    sql_text,
)
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.plan.names import AccountName

QUOTES = "'\u2018\u2019\u201a\u201b"


@given(st.text(alphabet=st.sampled_from('a $`;"' + QUOTES)))
def test_a_powershell_string_ends_only_at_its_end(text: str) -> None:
    quoted = powershell(text)
    assert quoted[0] == quoted[-1] == "'"
    inner = quoted[1:-1]
    for quote in QUOTES:
        assert inner.count(quote) == 2 * text.count(quote)
    assert unquoted(inner) == text


def unquoted(inner: str) -> str:
    """What PowerShell reads from between the marks: any two quotation marks in a row are the second one."""
    out, i = "", 0
    while i < len(inner):
        if inner[i] in QUOTES:
            assert inner[i + 1] in QUOTES, "a lone quotation mark ends the string"
            i += 1
        out += inner[i]
        i += 1
    return out


@given(st.text())
def test_a_sql_identifier_and_a_sql_string_come_back_as_they_were(text: str) -> None:
    assert sql_name(text)[1:-1].replace("]]", "]") == text
    assert sql_name(text)[1:-1].replace("]]", "").count("]") == 0
    assert sql_text(text)[2:-1].replace("''", "'") == text


def test_a_grant_names_object_and_account() -> None:
    assert full_control("CN=Bob's keys,DC=contoso,DC=lab", r"CONTOSO\svc-vmm") == (
        r"dsacls 'CN=Bob''s keys,DC=contoso,DC=lab' /I:T /G 'CONTOSO\svc-vmm:GA'"
    )


def test_an_account_in_any_spelling_is_written_with_the_netbios_name_once_the_directory_is_known() -> None:
    facts = good_facts()
    for text in (r"contoso\vmm-setup", r"contoso.lab\vmm-setup", "vmm-setup@contoso.lab"):
        assert down_level(AccountName.parse(text), facts) == r"CONTOSO\vmm-setup"
    silent = replace(facts, domain=NoAnswer("no directory"))
    assert down_level(AccountName.parse("vmm-setup@contoso.lab"), silent) == "vmm-setup@contoso.lab"


@pytest.mark.parametrize("text", [r"CONTOSO\vmm-setup", r"contoso\VMM-SETUP", "vmm-setup@contoso.lab"])
def test_spellings_of_one_account_are_the_same_account(text: str) -> None:
    assert same_account(text, AccountName.parse(r"CONTOSO\vmm-setup"), good_facts())


@pytest.mark.parametrize("text", [r"CONTOSO\svc-vmm", r"FABRIKAM\vmm-setup", "sa", ""])
def test_another_account_is_another(text: str) -> None:
    assert not same_account(text, AccountName.parse(r"CONTOSO\vmm-setup"), good_facts())


def test_a_remedy_says_whom_to_ask_and_knows_the_team_without_its_text() -> None:
    assert str(ask(AD_TEAM, "Unlock-ADAccount -Identity 'x'")) == (
        "AD team, in PowerShell: Unlock-ADAccount -Identity 'x'"
    )
    assert str(on_node("vmm01", "Restart-Computer")) == "node admin, in PowerShell on vmm01: Restart-Computer"
    teams = [one.whom.team for one in (ask(AD_TEAM, "x"), ask(DBA, "x"), ask(NETWORK, "x"), on_node("a", "x"))]
    assert teams == [Team.AD, Team.SQL, Team.NETWORK, Team.NODES]
    assert in_plan("choose another name").whom.team is Team.PLAN


def test_a_remedy_of_two_teams_is_one_text_and_a_step_for_each() -> None:
    both = ask(NETWORK, "let TCP 1433 through", ask(DBA, "listen on TCP"))
    assert str(both) == "network team: let TCP 1433 through. DBA, on the instance: listen on TCP"
    assert both.steps == (ask(NETWORK, "let TCP 1433 through"), ask(DBA, "listen on TCP"))
