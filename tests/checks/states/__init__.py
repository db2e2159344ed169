"""Every check in every state that it can have: a recorded estate for each, kept by topic in the modules beside this.

A module holds `STATES`, what each of its checks can say of an estate that answers (a pair that no case shows fails
`tests/checks/test_states.py`), and `CASES`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.building import a_plan, good_facts
from vmm_wizard.checks.schedule import Job
from vmm_wizard.facts.model import Facts
from vmm_wizard.plan.model import Plan


@dataclass(frozen=True)
class Case:
    """An estate, as its facts, in which one check has one state (`"pass"`, `"warn"`, `"fail"`, `"unknown"`,
    `"not_applicable"`) and everything else is as it is on the good estate.

    `says` is a part of the evidence. `also`: other checks that the same fault changes, and rightly (not what else a
    silence leaves unknown, nor the check that must be settled first). `job`: what the checks are made for.
    """

    check: str
    status: str
    says: str
    facts: Facts = field(default_factory=good_facts)
    plan: Plan = field(default_factory=a_plan)
    also: frozenset[str] = frozenset()
    job: Job = Job.INSTALL
