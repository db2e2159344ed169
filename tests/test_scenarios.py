"""Each scenario holds exactly the fault that it says: `check` finds it and nothing else, and it stops an install."""

from pathlib import Path

import pytest

from tests.checks.test_states import STATES
from tests.estates import ServedEstate, contoso_plan, of_status, serving_estate
from tests.install.installing import finished, runs, site
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.install.admission import SEEN_FROM_INSIDE, blocking
from vmm_wizard.install.events import PreflightDone
from vmm_wizard.lab.cluster_faults import CLUSTER_FAULTS
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.policy_faults import POLICY_FAULTS
from vmm_wizard.lab.scenario_faults import FAULTS
from vmm_wizard.lab.scenarios import Scenario, ScenarioError, all_scenarios, apply, scenario
from vmm_wizard.plan.answers import loads
from vmm_wizard.plan.secrets import Secret

#: Those whose fault is there before an install; the others are held by `tests/install/test_faults_meanwhile.py`.
SCENARIOS = [entry for entry in all_scenarios() if not entry.ends]


def test_there_are_enough_scenarios_to_practise_on() -> None:
    assert len(SCENARIOS) >= 6
    assert len({entry.finds for entry in SCENARIOS}) >= 6


#: What no scenario shows, for it is there only once VMM is installed; `tests/checks/states` and `tests/install` do.
AFTERWARDS = {"SQL-17", "RUN-04", "POST-01", "POST-02", "POST-03", "POST-04"}
#: What the estate's one domain has no room for: an account of another one, whose password nobody there can prove.
ELSEWHERE = {"ACC-06"}


def test_every_check_that_can_find_something_has_a_scenario_to_find_it_in() -> None:
    finding = {check_id for check_id, states in STATES.items() if states & {"warn", "fail"}}
    shown = {check_id for entry in SCENARIOS for check_id in entry.finds}
    assert finding - shown <= AFTERWARDS | ELSEWHERE
    assert not shown & (AFTERWARDS | ELSEWHERE)


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="dkm-read-only"):
        scenario("no-such-scenario")


def test_a_fault_that_no_part_understands_is_refused() -> None:
    odd = Scenario("odd", "", "", (), "", ({"kind": "flood"},))
    with pytest.raises(ScenarioError, match="there is no fault 'flood'"):
        apply(odd, Estate())


def test_no_two_parts_understand_faults_of_one_name() -> None:
    kinds = [kind for part in (FAULTS, POLICY_FAULTS, CLUSTER_FAULTS) for kind in part]
    assert len(kinds) == len(set(kinds))


def test_a_healthy_estate_has_nothing_wrong(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        findings = served.check(contoso_plan()).findings
    assert of_status(findings, Status.FAIL, Status.UNKNOWN, Status.WARN) == []


def assert_found(entry: Scenario, findings: tuple[Finding, ...]) -> None:
    """Exactly the scenario's fault is found, with what was read and what to do."""
    hidden = {finding.id for finding in findings if finding.status is Status.UNKNOWN} - {entry.finds[0]}
    assert hidden == set(entry.unknown)
    wrong = [finding for finding in findings if finding.status in (Status.FAIL, Status.UNKNOWN, Status.WARN)]
    wrong = [finding for finding in wrong if finding.id not in hidden]
    assert {finding.id for finding in wrong} >= set(entry.also)
    wrong = [finding for finding in wrong if finding.id not in entry.also]
    assert {(finding.id, finding.status) for finding in wrong} == {(entry.finds[0], Status(entry.status))}
    if entry.subject:
        assert [finding.subject for finding in wrong] == [entry.subject]
    assert all(finding.evidence and finding.remedy for finding in wrong)


@pytest.mark.parametrize("entry", [row for row in SCENARIOS if row.status != "fail"], ids=lambda entry: entry.name)
def test_check_finds_exactly_what_is_worth_a_warning(entry: Scenario, tmp_path: Path) -> None:
    with serving_estate(tmp_path, entry) as served:
        assert_found(entry, served.check(served.plan).findings)


FAILING = [row for row in SCENARIOS if row.status == "fail"]
#: The first fault of each topic of checks, and those that a rehearsal sees too: an install is tried on
#: them each time, on the others with the long tests: what refuses it is the same code, by the findings.
BEGUN = frozenset({row.finds[0].partition("-")[0]: row.name for row in reversed(FAILING)}.values())


def some_secret_for_all(served: ServedEstate) -> None:
    """Somebody wrote down passwords of accounts that are not there, too."""
    for account in served.plan.accounts:
        if account not in served.secrets:
            served.secrets.put(account, Secret("nobody's"))


@pytest.mark.parametrize(
    "entry",
    [
        # Asked from a node, which tests/test_jump_host.py does by itself, it takes as long as ten others.
        pytest.param(row, id=row.name, marks=pytest.mark.long if row.name == "behind-a-jump-host" else ())
        for row in FAILING
        if row.name not in BEGUN and row.finds[0] not in SEEN_FROM_INSIDE
    ],
)
def test_exactly_the_fault_is_found_and_would_refuse_an_install(entry: Scenario, tmp_path: Path) -> None:
    with serving_estate(tmp_path, entry) as served:
        some_secret_for_all(served)
        findings = served.check(served.plan).findings
        assert_found(entry, findings)
        assert entry.finds[0] in {finding.id for finding in blocking(findings)}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(
            row,
            id=row.name,
            marks=() if row.name in BEGUN or row.finds[0] in SEEN_FROM_INSIDE else pytest.mark.long,
        )
        for row in FAILING
    ],
)
def test_exactly_the_fault_is_found_and_nothing_of_an_install_is_begun(entry: Scenario, tmp_path: Path) -> None:
    with site(tmp_path, entry) as place:
        some_secret_for_all(place.served)
        events = place.install(place.served.plan)
        (preflight,) = [event for event in events if isinstance(event, PreflightDone)]
        seen_from_outside = preflight.findings
        if entry.finds[0] in SEEN_FROM_INSIDE:
            # A rehearsal has added its own word.
            seen_from_outside = place.served.check(place.served.plan).findings
        assert_found(entry, seen_from_outside)
        assert entry.finds[0] in {finding.id for finding in preflight.blocking}
        end = finished(events)
        assert (end.result, end.changed) == ("refused", False)
        assert entry.finds[0] in end.text
        assert (place.setups(), place.left()) == ({}, [])
        assert runs(place.journal)[0][1] == "refused"


@pytest.mark.parametrize("entry", [entry for entry in SCENARIOS if entry.plan], ids=lambda entry: entry.name)
def test_the_wizard_opens_on_the_scenarios_own_answers(entry: Scenario) -> None:
    estate = Estate()
    apply(entry, estate)
    assert loads(estate.answers) != contoso_plan()
    assert estate.answers.startswith("# The practice estate's plan")
