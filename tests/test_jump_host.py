"""A wizard's computer that reaches the nodes and neither domain controller nor SQL Server: the nodes are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.estates import ServedEstate, contoso_plan, of_status, serving_estate
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.facts.model import NoAnswer, PasswordFacts
from vmm_wizard.lab import contoso
from vmm_wizard.lab.scenarios import Scenario
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets

SQL = "sql01.contoso.lab"
WRONG = Secret("not-the-password")
#: Findings about SQL Server that only its own answer can give.
OF_SQL = ("SQL-03", "SQL-04", "SQL-05", "SQL-12")


@contextmanager
def behind(
    folder: Path, *hidden: str, also: tuple[Mapping[str, object], ...] = (), **how: object
) -> Iterator[ServedEstate]:
    """An estate some of whose hosts are out of reach from here, with the faults of `also`."""
    faults = (*also, *({"kind": "hidden", "host": host} for host in hidden))
    with serving_estate(folder, Scenario("jump", "", "", ("DKM-02",), "", faults), **how) as served:  # type: ignore[arg-type]
        yield served


def with_password(served: ServedEstate, sam: str, secret: Secret) -> Secrets:
    """The estate's passwords, with one of them replaced."""
    secrets = Secrets()
    for account in contoso_plan().accounts:
        secrets.put(account, served.secrets.get(account) or Secret(""))
    secrets.put(AccountName.parse(f"CONTOSO\\{sam}"), secret)
    return secrets


def evidence(findings: tuple[Finding, ...], check_id: str) -> str:
    return next(row.evidence for row in findings if row.id == check_id)


def test_the_directory_is_asked_from_a_node_and_everything_is_judged(tmp_path: Path) -> None:
    with behind(tmp_path, contoso.DC) as served:
        findings = served.check(contoso_plan()).findings
        setup = served.estate.account("vmm-setup")
        assert of_status(findings, Status.FAIL, Status.UNKNOWN, Status.WARN) == []
        assert "dc01.contoso.lab (asked from vmm01) accepted the password" in evidence(findings, "ACC-03")
        assert "asked from vmm01" in evidence(findings, "DKM-06")
        # The node's one logon comes first, then the bind that proves the password for everything else.
        assert setup.last_via[:2] == ["winrm", "ldap"]
        assert served.estate.account("svc-vmm").last_via == ["ldap"]
        assert served.estate.report()["bad_logons"] == {}


def test_nothing_else_is_asked_of_the_other_nodes(tmp_path: Path) -> None:
    with behind(tmp_path, contoso.DC) as served:
        served.check(contoso_plan())
        scripts = {name: set(node.scripts) for name, node in served.estate.nodes.items()}
    assert scripts["vmm01.contoso.lab"] == {"node-facts", "directory-search"}
    assert scripts["vmm02.contoso.lab"] == {"node-facts"}


def test_where_the_controller_is_reached_no_node_is_asked_for_it(tmp_path: Path) -> None:
    with behind(tmp_path) as served:
        served.check(contoso_plan())
        assert {script for node in served.estate.nodes.values() for script in node.scripts} == {"node-facts"}


def test_other_controllers_are_not_asked_from_a_node_and_nothing_is_unknown_for_that(tmp_path: Path) -> None:
    second = {"kind": "second_controller", "name": "dc02", "address": "10.10.0.11", "lags": [contoso.DKM]}
    with behind(tmp_path, contoso.DC, "dc02.contoso.lab", also=(second,)) as served:
        findings = served.check(contoso_plan()).findings
        assert of_status(findings, Status.FAIL, Status.UNKNOWN, Status.WARN) == []
        (row,) = [row for row in findings if row.id == "DKM-07"]
        assert (row.status, "asked from vmm01" in row.evidence) == (Status.NOT_APPLICABLE, True)
        assert served.serving.other_controllers["dc02.contoso.lab"].binds == 0


def test_over_powershell_remoting_it_is_the_same(tmp_path: Path) -> None:
    with behind(tmp_path, contoso.DC) as served:
        for node in served.estate.nodes.values():
            node.state.remote_shell_allowed = False
        assert of_status(served.check(contoso_plan()).findings, Status.FAIL, Status.UNKNOWN, Status.WARN) == []


def test_the_next_node_is_asked_when_the_first_is_away(tmp_path: Path) -> None:
    with behind(tmp_path, contoso.DC) as served:
        for service in served.estate.nodes["vmm01.contoso.lab"].services:
            service.cut()
        findings = served.check(contoso_plan()).findings
        assert "asked from vmm02" in evidence(findings, "ACC-03")


def test_a_wrong_password_of_the_nodes_account_is_tried_once_in_all(tmp_path: Path) -> None:
    with behind(tmp_path, contoso.DC) as served:
        preflight = served.preflight(with_password(served, "vmm-setup", WRONG))
        update = list(preflight.run(contoso_plan()))[-1]
        again = list(preflight.run(contoso_plan(), fresh=True))[-1]
        preflight.close()
        assert served.estate.report()["bad_logons"] == {"CONTOSO\\vmm-setup": 1}
        assert served.estate.account("svc-vmm").last_via == []
    for facts in (update.facts, again.facts):
        assert all(isinstance(node, NoAnswer) and node.code == "logon" for node in facts.nodes.values())
        own = facts.passwords["contoso\\vmm-setup"]
        assert isinstance(own, PasswordFacts)
        assert (own.accepted, "refused the logon" in own.meaning) == (False, True)


def test_a_wrong_password_of_another_account_is_told_as_the_directory_tells_it(tmp_path: Path) -> None:
    with behind(tmp_path, contoso.DC) as served:
        preflight = served.preflight(with_password(served, "svc-vmm", WRONG))
        update = list(preflight.run(contoso_plan()))[-1]
        list(preflight.run(contoso_plan(), fresh=True))
        preflight.close()
        assert served.estate.report()["bad_logons"] == {"CONTOSO\\svc-vmm": 1}
    proof = update.facts.passwords["contoso\\svc-vmm"]
    assert isinstance(proof, PasswordFacts)
    assert (proof.accepted, proof.refusal) == (False, "52e")
    assert proof.meaning == "wrong user name or password; asked from vmm01"
    assert of_status(update.findings, Status.FAIL) == [("ACC-03", "")]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("disabled", "533"),
        pytest.param("locked", "775", marks=pytest.mark.long),
        pytest.param("must_change", "773", marks=pytest.mark.long),
    ],
)
def test_an_accounts_state_is_told_apart_from_a_node_too(state: str, code: str, tmp_path: Path) -> None:
    with behind(tmp_path, contoso.DC) as served:
        served.estate.account("svc-vmm").state = state  # type: ignore[assignment]
        proof = served.check(contoso_plan()).facts.passwords["contoso\\svc-vmm"]
    assert isinstance(proof, PasswordFacts)
    assert (proof.accepted, proof.refusal) == (False, code)


def test_a_refused_logon_is_never_tried_from_a_node(tmp_path: Path) -> None:
    with behind(tmp_path) as served:
        preflight = served.preflight(with_password(served, "vmm-setup", WRONG))
        list(preflight.run(contoso_plan()))
        preflight.close()
        assert served.estate.report()["bad_logons"] == {"CONTOSO\\vmm-setup": 1}
        assert {script for node in served.estate.nodes.values() for script in node.scripts} == set()


def test_a_bad_certificate_is_no_reason_to_ask_from_a_node(tmp_path: Path) -> None:
    with behind(tmp_path) as served:
        # Whose certificate is not for the name dc01.
        book = served.book
        hosts = {
            **book.hosts,
            contoso.DC: {**book.hosts["vmm01.contoso.lab"], "ldaps": book.hosts["vmm01.contoso.lab"]["winrm_https"]},
        }
        preflight = served.preflight()
        preflight.addresses = preflight.passwords.addresses = replace(book, hosts=hosts)
        update = list(preflight.run(contoso_plan()))[-1]
        preflight.close()
        assert isinstance(update.facts.domain, NoAnswer)
        assert update.facts.domain.code == "certificate"
        assert {script for node in served.estate.nodes.values() for script in node.scripts} == set()


def test_where_the_node_does_not_reach_the_controller_either_both_are_named(tmp_path: Path) -> None:
    with behind(tmp_path, contoso.DC) as served:
        for node in served.estate.nodes.values():
            node.state.blocked_targets.add(contoso.DC)
        answer = served.check(contoso_plan()).facts.domain
    assert isinstance(answer, NoAnswer)
    assert answer.code == "unreachable"
    assert answer.reason.startswith("could not reach dc01.contoso.lab:636: refused; and from a node: could not reach")
    assert "dc01.contoso.lab (asked from vmm01)" in answer.reason


# --- SQL Server


def test_a_sql_server_that_only_the_nodes_reach_says_how_it_is_asked(tmp_path: Path) -> None:
    with behind(tmp_path, SQL) as served:
        findings = served.check(contoso_plan()).findings
    wrong = {row.id: row.evidence for row in findings if row.status in (Status.FAIL, Status.WARN, Status.UNKNOWN)}
    assert {"SQL-02", *OF_SQL} <= wrong.keys()
    assert set(wrong.values()) == {
        "this computer cannot reach sql01.contoso.lab:1433, vmm01 and vmm02 can: `check --rehearse` asks from there"
    }


def test_a_rehearsal_answers_what_it_saw(tmp_path: Path) -> None:
    with behind(tmp_path, SQL, contoso.DC) as served:
        findings = served.check(contoso_plan(), rehearse=True).findings
    assert "logged on as sysadmin" in evidence(findings, "SQL-02")
    assert of_status(findings, Status.FAIL) == []
    assert "SQL-02" not in {row.id for row in findings if row.status is Status.UNKNOWN}
    assert evidence(findings, "SQL-04") == (
        "this computer cannot reach sql01.contoso.lab:1433, vmm01 and vmm02 can, and a rehearsal asks only who may log "
        "on there: run check where it is reached"
    )


def test_a_sql_server_that_nobody_reaches_is_just_that(tmp_path: Path) -> None:
    with behind(tmp_path, SQL) as served:
        served.estate.unreachable.add(SQL)
        findings = served.check(contoso_plan()).findings
    assert evidence(findings, "SQL-04").startswith("could not reach SQL Server at sql01.contoso.lab:1433")
