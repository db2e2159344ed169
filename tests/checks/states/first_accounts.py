"""The service account, and the account that runs setup: what is known of them before any node is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import (
    DOMAIN_ADMINS,
    SERVICE_SID,
    a_plan,
    an_account,
    good_facts,
    no_account,
)
from tests.checks.states import Case
from vmm_wizard.facts.model import Facts, NoAnswer, PasswordFacts, PasswordShape
from vmm_wizard.plan.model import DkmContainer, ServiceAccount
from vmm_wizard.plan.names import AccountName, DistinguishedName

STATES = {
    "ACC-01": "pass fail unknown",
    "ACC-02": "pass warn fail unknown not_applicable",
    "ACC-03": "pass fail unknown not_applicable",
    "ACC-06": "pass fail unknown not_applicable",
    "ACC-07": "pass warn fail",
    "ACC-11": "pass warn unknown not_applicable",
}

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")
SERVICE_KEY = r"contoso\svc-vmm"
ABSENT = good_facts(service_account=no_account("svc-vmm"))
#: What nobody can say of an account that the directory did not answer for.
UNSEEN = good_facts(service_account=SILENT)


def service(**changes: Any) -> Facts:
    """The good estate with another service account."""
    return good_facts(service_account=an_account("svc-vmm", SERVICE_SID, **changes))


def refused(code: str, facts: Facts) -> Facts:
    """A domain controller refused the service account's password."""
    proof = PasswordFacts(SERVICE_KEY, False, code, "logon failed")
    return replace(facts, passwords={**facts.passwords, SERVICE_KEY: proof})


def shaped(password: str) -> Facts:
    """The good estate with another password of the service account."""
    facts = good_facts()
    return replace(facts, password_shapes={**facts.password_shapes, SERVICE_KEY: PasswordShape.of(password)})


FABRIKAM = a_plan(service_account=ServiceAccount(AccountName.parse(r"FABRIKAM\svc-vmm")))
AWAY = a_plan(dkm=DkmContainer(DistinguishedName.parse("CN=VMMDKM,DC=fabrikam,DC=lab")))
NO_PASSWORD = good_facts(passwords={r"contoso\vmm-setup": PasswordFacts("", True)})
NO_DIRECTORY = good_facts(domain=SILENT, service_account=SILENT, installing_account=SILENT)

CASES = (
    Case("ACC-01", "pass", "found CN=svc-vmm"),
    Case("ACC-01", "fail", "has no account", ABSENT),
    Case("ACC-01", "unknown", "dc01.contoso.lab:636: refused", UNSEEN),
    Case("ACC-02", "pass", "enabled and not locked"),
    Case(
        "ACC-02",
        "warn",
        "will expire",
        service(user_account_control=0x200),
    ),
    Case("ACC-02", "fail", "is disabled", service(user_account_control=0x10202)),
    Case("ACC-02", "unknown", "dc01.contoso.lab:636: refused", UNSEEN),
    Case("ACC-02", "not_applicable", "ACC-01 first", ABSENT),
    Case("ACC-03", "pass", "accepted the password"),
    Case("ACC-03", "fail", "(52e)", refused("52e", good_facts())),
    Case(
        "ACC-03",
        "unknown",
        "no password was given",
        NO_PASSWORD,
    ),
    Case("ACC-03", "not_applicable", "ACC-02 first", refused("533", service(user_account_control=0x10202))),
    Case("ACC-06", "pass", "container: contoso.lab"),
    Case("ACC-06", "fail", "service account: fabrikam", good_facts(FABRIKAM), FABRIKAM),
    Case(
        "ACC-06",
        "unknown",
        "dc01.contoso.lab:636: refused",
        NO_DIRECTORY,
    ),
    Case("ACC-06", "not_applicable", "DKM-06 first", good_facts(AWAY), AWAY),
    Case("ACC-07", "pass", "separate values"),
    Case("ACC-07", "warn", "holds a double quote", shaped('a"b-Long-Passw0rd')),
    Case("ACC-07", "fail", "takes it for a switch", shaped("-begins-with-a-hyphen")),
    Case("ACC-11", "pass", "neither the installing account nor"),
    Case("ACC-11", "warn", "domain administrator", service(token_groups=(DOMAIN_ADMINS,))),
    Case("ACC-11", "unknown", "groups of", service(token_groups=None)),
    Case("ACC-11", "not_applicable", "ACC-01 first", ABSENT),
)
