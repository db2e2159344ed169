"""RUN and POST: the rehearsal, and what stands after an installation."""

from __future__ import annotations

from dataclasses import replace

from tests.building import a_rehearsal, good_facts
from tests.checks.asking import VMM01, with_node
from tests.checks.states import Case
from vmm_wizard.facts.model import NoAnswer

STATES = {"RUN-02": "pass warn fail unknown not_applicable"}

CASES = [
    Case("RUN-02", "pass", "elevated, sysadmin on SQL Server", good_facts(rehearsals={VMM01: a_rehearsal()})),
    Case(
        "RUN-02",
        "warn",
        "left vmm-wizard-rehearsal-2f0c8d1e: the password of its account is stored with it",
        with_node(tasks=("vmm-wizard-rehearsal-2f0c8d1e",)),
    ),
    Case(
        "RUN-02",
        "fail",
        "PowerShell runs in ConstrainedLanguage",
        good_facts(rehearsals={VMM01: replace(a_rehearsal(), language_mode="ConstrainedLanguage")}),
    ),
    Case(
        "RUN-02",
        "unknown",
        "the rehearsal did not end",
        good_facts(rehearsals={VMM01: NoAnswer("vmm01.contoso.lab: the rehearsal did not end", "timeout")}),
    ),
    Case("RUN-02", "not_applicable", "made right before an install"),
]
