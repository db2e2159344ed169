"""How many sessions a computer has on SQL Server: setup that waits for it is told from one that waits for nobody."""

from __future__ import annotations

from tests.facts.asking_database import Probe
from tests.sql_estate import ADMIN_PASSWORD, READER, READER_PASSWORD
from vmm_wizard.facts.database import count_sessions
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.lab.sql import ClientSession
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret


def count(probe: Probe, host: str, account: str = "", password: str = ADMIN_PASSWORD) -> int | NoAnswer:
    changes = {"account": AccountName.parse(account)} if account else {}
    question = probe.question(**changes)
    return count_sessions(question, Secret(password), probe.book(), host, 10.0)


def test_sessions_of_that_computer_count_but_for_ours_and_others(probe: Probe) -> None:
    probe.estate.state.clients += [
        ClientSession("VMM01", "Virtual Machine Manager Setup", "CONTOSO\\vmm-setup", "master"),
        ClientSession("VMM01", ".Net SqlClient Data Provider", "CONTOSO\\vmm-setup", "master"),
        ClientSession("VMM01", "vmm-wizard", "CONTOSO\\vmm-setup", "master"),
        ClientSession("VMM02", "Virtual Machine Manager Setup", "CONTOSO\\vmm-setup", "master"),
    ]
    assert count(probe, "VMM01") == 2
    assert count(probe, "VMM03") == 0
    assert count(probe, "x' OR 1=1 --") == 0


def test_who_may_not_see_others_does_not_take_that_for_none(probe: Probe) -> None:
    probe.estate.state.clients.append(ClientSession("VMM01", "Setup", "CONTOSO\\vmm-setup", "master"))
    answer = count(probe, "VMM01", READER, READER_PASSWORD)
    assert isinstance(answer, NoAnswer)
    assert (answer.code, "may not see the sessions" in answer.reason) == ("denied", True)


def test_a_server_that_is_away_is_a_reason(probe: Probe) -> None:
    probe.estate.server.close()
    answer = count(probe, "VMM01")
    assert isinstance(answer, NoAnswer)
    assert answer.code in ("unreachable", "timeout")
