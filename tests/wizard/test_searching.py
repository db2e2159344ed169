"""What is looked for in the estate is asked once, and by whoever is able to ask."""

from __future__ import annotations

from dataclasses import replace

from tests.building import a_plan
from vmm_wizard.facts.all_facts import NoAnswer
from vmm_wizard.facts.discovery_model import Discovery, FoundAccount
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.wizard.searching import Searching

FOUND = Discovery("contoso.lab", accounts=(FoundAccount(r"CONTOSO\svc"),))


def asking_as(account: str) -> Plan:
    return replace(a_plan(), installing_account=AccountName.parse(account))


def test_the_same_is_asked_once_unless_it_is_to_be_fresh() -> None:
    secrets = Secrets()
    searching = Searching(secrets, "")
    assert searching.question(a_plan()) is not None
    assert searching.question(a_plan()) is None
    assert searching.question(a_plan(), fresh=True) is not None
    secrets.put(a_plan().directory_account, Secret("s3cret"))
    assert searching.question(a_plan()) is not None


def test_what_another_account_found_stands_until_the_new_one_has_its_password() -> None:
    first, second = asking_as(r"CONTOSO\first"), asking_as(r"CONTOSO\second")
    secrets = Secrets()
    secrets.put(first.directory_account, Secret("s3cret"))
    searching = Searching(secrets, "")
    question = searching.question(first)
    assert question is not None
    assert searching.access(second) is None
    searching.heard(question, replace(FOUND, accounts=NoAnswer("refused")))
    assert searching.access(second) is None
    searching.heard(question, FOUND)
    assert searching.access(second) == question.access
    assert searching.question(second) is None
    secrets.put(second.directory_account, Secret("s3cret"))
    assert searching.question(second) is not None
    access = searching.access(second)
    assert access is not None
    assert access.account == second.directory_account
