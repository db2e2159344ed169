"""What a node is after a run of setup: by exit code, log and what is seen; and the steps that clean it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import (
    a_cluster_with_role,
    a_container,
    a_node,
    a_role_object,
    an_installation,
    good_facts,
    installed_facts,
)
from tests.building_plan import a_plan
from tests.building_sql import a_database, a_sql
from vmm_wizard.facts.model import ClusterGroup, Facts, NetworkFacts, NoAnswer, NodeFacts, NodeRemains, TcpAnswer
from vmm_wizard.facts.windows_model import InstalledProduct
from vmm_wizard.install.cleaning import Condition, Left, NodeCondition, node_condition
from vmm_wizard.setup.log import LogReader, SetupKind

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"
SERVER = InstalledProduct("Microsoft System Center Virtual Machine Manager Server", "MsiExec.exe /X{5A}")
CONSOLE = InstalledProduct(
    "Microsoft System Center Virtual Machine Manager Administrator Console", "MsiExec.exe /X{5B}"
)
REFUSED = ["Main: setup begins", "command line error: unknown switch"]
BEGUN = ["Main: setup begins", "ProcessInstalls: installing PangaeaServer", "Doing Postinstall task for PangaeaServer"]
FAILED = [*BEGUN, "FailureReason = no", "****Starting*RollBack***"]
ROLLED_BACK = [*FAILED, "****Ended*RollBack***"]
GONE = ["CheckPrerequisites: begin", "Doing Preinstall task for PangaeaServer", "Service: stopping SCVMMService"]


def log(lines: list[str], work: SetupKind = SetupKind.INSTALL) -> LogReader:
    reader = LogReader(work)
    reader.feed("".join(f"12:00:00:{line}\r\n" for line in lines).encode())
    return reader


def judged(
    facts: Facts, lines: list[str], exit_code: int | None = 1, work: SetupKind = SetupKind.INSTALL, node: str = FIRST
) -> NodeCondition:
    return node_condition(a_plan(), facts, node, work, exit_code, log(lines, work))


def with_node(facts: Facts, node: str = FIRST, **changes: object) -> Facts:
    seen = facts.node(node)
    return replace(facts, nodes={**facts.nodes, node: replace(seen, **changes)})  # type: ignore[arg-type]


def test_a_good_setup_with_its_role_is_installed() -> None:
    assert judged(installed_facts(1), BEGUN, 0).condition is Condition.INSTALLED
    assert judged(installed_facts(2), BEGUN, 3010, node=SECOND).condition is Condition.INSTALLED


def test_a_setup_whose_end_nobody_wrote_down_is_judged_by_what_stands() -> None:
    found = judged(installed_facts(1), BEGUN, None)
    assert (found.condition, found.plan) == (Condition.INSTALLED, ())
    assert "how setup ended is not known" in found.reason
    stopped = replace(an_installation(), service_state="Stopped")
    assert judged(with_node(installed_facts(1), vmm=stopped), BEGUN, None).condition is Condition.HALF_DONE


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (REFUSED, "before it changed anything"),
        (ROLLED_BACK, "has rolled everything back"),
        (FAILED, "nothing of VMM is seen"),
    ],
)
def test_where_nothing_is_left_the_node_is_clean(lines: list[str], reason: str) -> None:
    found = judged(good_facts(), lines)
    assert (found.condition, found.plan) == (Condition.CLEAN, ())
    assert reason in found.reason


def test_a_node_that_does_not_answer_is_unknown() -> None:
    silent = replace(good_facts(), nodes={FIRST: NoAnswer("it does not answer", "unreachable")})
    found = judged(silent, FAILED)
    assert found.condition is Condition.UNKNOWN
    assert "it does not answer" in found.reason
    assert judged(with_node(good_facts(), remains=None), FAILED).condition is Condition.UNKNOWN


def test_while_setup_runs_nothing_is_cleaned() -> None:
    found = judged(with_node(installed_facts(1), setup_processes=("SetupVM",)), FAILED, None)
    assert (found.condition, found.leftovers) == (Condition.RUNNING, ())


def test_a_killed_setup_leaves_files_service_registry_and_database() -> None:
    facts = with_node(
        good_facts(sql=a_sql(database=a_database(is_vmm=True)), dkm=a_container(children=("CN=1,CN=VMMDKM",))),
        vmm=an_installation(),
        remains=NodeRemains(folder=True, products=()),
    )
    found = judged(facts, BEGUN, None)
    assert found.condition is Condition.HALF_DONE
    assert "ended from outside" in found.reason
    assert [row.what for row in found.leftovers] == [
        Left.SERVICE,
        Left.REGISTRY,
        Left.FILES,
        Left.DATABASE,
        Left.KEYS,
    ]
    steps = [str(step) for step in found.plan]
    assert any(f"PowerShell on {FIRST}: sc.exe delete SCVMMService" in step for step in steps)
    assert any("Remove-Item -LiteralPath 'C:\\Program Files\\Microsoft" in step for step in steps)
    assert any("DBA" in step and "DROP DATABASE [VirtualManagerDB]" in step for step in steps)
    assert not any("CN=VMMDKM" in step for step in steps), "keys are never taken away"


def test_a_product_is_taken_away_first_and_the_rest_by_hand_only_after_it() -> None:
    facts = with_node(good_facts(), vmm=an_installation(), remains=NodeRemains(folder=True, products=(SERVER, CONSOLE)))
    found = judged(facts, FAILED)
    first, *rest = [row.step.step for row in found.leftovers]
    assert "setup.exe /server /x /f" in first
    assert SERVER.uninstall in first
    assert len(rest) == 3
    assert all(step.startswith("if it is there still") for step in rest)
    assert "rollback has not come to its end" in found.reason


def test_a_role_without_vmm_anywhere_is_taken_away_by_name() -> None:
    found = judged(with_node(good_facts(), cluster=a_cluster_with_role()), FAILED)
    (row,) = found.leftovers
    assert row.what is Left.GROUP
    assert "Remove-ClusterGroup -Name 'vmm' -RemoveResources" in str(row.step)


def test_a_group_of_the_same_name_that_runs_something_else_is_only_looked_at() -> None:
    cluster = a_cluster_with_role()
    other = replace(cluster, services=(), groups=(ClusterGroup("vmm", "FileServer", "Online", "VMM02"),))
    (row,) = judged(with_node(good_facts(), cluster=other), FAILED).leftovers
    assert "Remove-ClusterGroup" not in str(row.step)
    assert "Get-ClusterResource" in str(row.step)


def test_what_the_other_nodes_use_is_no_leftover() -> None:
    facts = with_node(installed_facts(1), SECOND, remains=NodeRemains(folder=True, products=()))
    found = judged(facts, FAILED, node=SECOND)
    assert [row.what for row in found.leftovers] == [Left.FILES]
    assert judged(installed_facts(1), ROLLED_BACK, node=SECOND).condition is Condition.CLEAN


def test_a_database_that_was_there_before_a_refused_setup_is_not_to_be_dropped() -> None:
    facts = good_facts(sql=a_sql(database=a_database(is_vmm=True)))
    found = judged(facts, REFUSED, 15)
    assert (found.condition, found.leftovers) == (Condition.CLEAN, ())


def test_what_the_next_setup_takes_may_stay() -> None:
    network = NetworkFacts(
        TcpAnswer("sql01.contoso.lab", 1433, True, ""),
        ("10.0.0.50",),
        TcpAnswer("vmm.contoso.lab", 8100, False, "refused"),
    )
    found = judged(good_facts(role_object=a_role_object(), network=network), ROLLED_BACK)
    assert found.condition is Condition.CLEAN
    assert [(row.what, row.blocks) for row in found.leftovers] == [(Left.COMPUTER, False), (Left.DNS, False)]


def test_a_setup_that_took_its_defaults_is_half_done_though_it_ended_well() -> None:
    facts = with_node(good_facts(), vmm=an_installation(), remains=NodeRemains(folder=True, products=(SERVER,)))
    found = judged(facts, BEGUN, 0)
    assert found.condition is Condition.HALF_DONE
    assert "has not read its answer file" in found.reason


def test_a_task_that_was_left_is_named() -> None:
    found = judged(with_node(good_facts(), tasks=("vmm-wizard-1f",)), ROLLED_BACK)
    assert found.condition is Condition.HALF_DONE
    assert "Unregister-ScheduledTask -TaskName 'vmm-wizard-1f'" in str(found.plan[0])


class TestRemoval:
    def test_one_that_was_refused_leaves_the_node_as_it_was(self) -> None:
        found = judged(installed_facts(2), ["CheckPrerequisites: begin"], 1, SetupKind.UNINSTALL, SECOND)
        assert found.condition is Condition.INSTALLED

    def test_one_that_failed_half_way_is_not_rolled_back(self) -> None:
        facts = with_node(installed_facts(2), SECOND, remains=NodeRemains(folder=True, products=(SERVER,)))
        found = judged(facts, GONE, 1, SetupKind.UNINSTALL, SECOND)
        assert found.condition is Condition.HALF_DONE
        assert "never rolled back" in found.reason
        assert Left.DATABASE not in [row.what for row in found.leftovers]

    def test_the_last_one_keeps_the_database_for_a_rebuild(self) -> None:
        facts = good_facts(sql=a_sql(database=a_database(is_vmm=True)))
        found = judged(facts, GONE, 0, SetupKind.UNINSTALL)
        assert (found.condition, found.plan) == (Condition.CLEAN, ())
        (row,) = found.leftovers
        assert "set database.create_new to false" in row.step.step


@pytest.mark.parametrize(
    ("products", "work", "exit_code", "condition"),
    [
        ((CONSOLE,), SetupKind.CONSOLE, 0, Condition.INSTALLED),
        ((CONSOLE,), SetupKind.CONSOLE, 1, Condition.HALF_DONE),
        ((), SetupKind.CONSOLE, 1, Condition.CLEAN),
        ((), SetupKind.CONSOLE_UNINSTALL, 0, Condition.CLEAN),
        ((CONSOLE,), SetupKind.CONSOLE_UNINSTALL, 0, Condition.HALF_DONE),
        ((CONSOLE,), SetupKind.CONSOLE_UNINSTALL, 1, Condition.INSTALLED),
    ],
)
def test_a_console_is_there_or_not(
    products: tuple[InstalledProduct, ...], work: SetupKind, exit_code: int, condition: Condition
) -> None:
    machine: NodeFacts = a_node(1, remains=NodeRemains(folder=bool(products), products=products))
    facts = replace(good_facts(), nodes={"admin01.contoso.lab": machine})
    found = judged(facts, ["CheckPrerequisites: begin"], exit_code, work, "admin01.contoso.lab")
    assert found.condition is condition
    assert bool(found.plan) is (condition is Condition.HALF_DONE)
