"""Names that must be free, and the role's computer object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import NOW, SERVICE_SID, a_descriptor, a_plan, a_role_object, good_facts, with_role_name
from tests.checks.states import Case
from vmm_wizard.facts.model import Facts, NoAnswer
from vmm_wizard.plan.names import HostName

STATES = {
    "NAM-02": "pass fail unknown",
    "NAM-03": "pass warn fail",
    "NAM-05": "pass warn fail unknown",
}

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")


def role(**changes: Any) -> Facts:
    """The good estate where the role's name has a computer object."""
    return good_facts(role_object=a_role_object(**changes))


def node_named(name: str) -> Any:
    """The plan, and an estate that fits it, with another second node."""
    plan = a_plan()
    plan = replace(plan, cluster=replace(plan.cluster, nodes=(HostName("vmm01"), HostName(name))))
    return {"facts": good_facts(plan), "plan": plan}


AS_SQL = with_role_name("sql01")

CASES = (
    Case("NAM-02", "pass", "differs from the names"),
    Case("NAM-02", "fail", "the name of the SQL server too", good_facts(AS_SQL), AS_SQL),
    Case("NAM-02", "unknown", "dc01.contoso.lab:636: refused", good_facts(domain=SILENT)),
    Case("NAM-03", "pass", "none of vmm"),
    Case("NAM-03", "warn", "in another spelling", good_facts(with_role_name("a-scvmm-b")), with_role_name("a-scvmm-b")),
    Case("NAM-03", "fail", "error 2917", good_facts(with_role_name("A-SCVMM-B")), with_role_name("A-SCVMM-B")),
    Case("NAM-05", "pass", "has no computer vmm"),
    Case("NAM-05", "pass", "prestaged: the cluster has Full Control", role()),
    Case("NAM-05", "warn", "KB5020276", role(descriptor=replace(a_role_object().descriptor, owner=SERVICE_SID))),
    Case("NAM-05", "fail", "it is in use: last logon", role(last_logon=NOW)),
    Case("NAM-05", "fail", "has no Full Control of it", role(descriptor=a_descriptor())),
    Case("NAM-05", "unknown", "could not be read", role(descriptor=None)),
)
