"""Every follow-up in every state that it can have, by the facts; and that there is no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.afterwards.following import DONE, NOT_NEEDED, TO_DO, UNKNOWN, follow_up, vmm_says
from tests.building import (
    NOW,
    SERVICE_SID,
    a_cluster_with_role,
    a_container,
    a_database,
    a_plan,
    a_sql,
    an_account,
    an_installation,
    good_facts,
    installed_facts,
    the_names,
)
from tests.checks.asking import VMM01, VMM02, with_all_nodes, with_node
from vmm_wizard.afterwards.follow_ups import IDS, follow_ups
from vmm_wizard.afterwards.model import State, Who
from vmm_wizard.afterwards.told import lines_of
from vmm_wizard.checks.acceptance import FOLLOW_UPS, idle, objections
from vmm_wizard.facts.model import (
    Facts,
    LibraryFacts,
    LibraryRole,
    LibraryShare,
    LoggingFacts,
    NetworkFacts,
    NoAnswer,
    ShareEntry,
    TcpAnswer,
)
from vmm_wizard.facts.sql_model import BackupFacts, GroupListener, GroupReplica
from vmm_wizard.facts.vmm_report import VmmReport
from vmm_wizard.plan.model import Acceptance, AccountKind, AskedFor, Library, Plan, Registration, ServiceAccount
from vmm_wizard.plan.names import HostName

HOUR = timedelta(hours=1)
SILENT = NoAnswer("timed out", "timeout")
ALL_BACKED_UP = BackupFacts(NOW - HOUR, NOW - HOUR, NOW - HOUR)
WITH_LIBRARY = replace(a_plan(), library=Library(HostName.parse("files")))
LIBRARY_NAMES = {
    f"{service}/files.contoso.lab": ("CN=FILES,DC=contoso,DC=lab",) for service in ("HOST", "MSClusterVirtualServer")
}


def sql(**changes: Any) -> Facts:
    """The finished estate with another database."""
    found = a_database(is_vmm=True, table_count=900, **changes)
    return installed_facts(sql=a_sql(database=found))


def grouped(**changes: Any) -> Facts:
    """The finished estate with an availability group beside the database."""
    usual = {
        "hadr_enabled": True,
        "listeners": ("sqlag:1433",),
        "group_listeners": (GroupListener("AG1", "sqlag", 1433),),
        "replicas": (GroupReplica("AG1", "SQL05"),),
        "database": a_database(is_vmm=True),
    }
    return installed_facts(sql=a_sql(**{**usual, **changes}))


def second(**changes: Any) -> Facts:
    """The finished estate with another VMM on its second node."""
    return with_node(installed_facts(), VMM02, vmm=an_installation(**changes))


def saved(backups: BackupFacts, model: str = "FULL") -> Facts:
    return sql(backups=backups, recovery_model=model)


def names(**changes: Any) -> Facts:
    return installed_facts(principal_names=the_names(**changes))


def console(open_: bool) -> Facts:
    facts = installed_facts()
    assert isinstance(facts.network, NetworkFacts)
    return replace(facts, network=replace(facts.network, console=TcpAnswer("vmm.contoso.lab", 8100, open_, "refused")))


def owners(possible: tuple[str, ...], preferred: tuple[str, ...]) -> Facts:
    cluster = a_cluster_with_role()
    (service,) = cluster.services
    rows = (replace(service, possible_owners=possible, preferred_owners=preferred),)
    return with_all_nodes(installed_facts(), cluster=replace(cluster, services=rows))


def library(full: bool = True) -> Facts:
    """A file server for the library, and whether everybody has full access to its share."""
    entries = tuple(
        ShareEntry(True, sid, 0x1F01FF) for sid in ("S-1-5-18", "S-1-5-32-544", *([SERVICE_SID] if full else []))
    )
    role = LibraryRole("files", "FileServer", "Online")
    facts = LibraryFacts("FS01", "fsclu", role, (LibraryShare("Images", "D:\\Images", entries),), "")
    return installed_facts(principal_names=the_names(WITH_LIBRARY, holders=LIBRARY_NAMES), library=facts)


def changed(after: bool) -> Facts:
    """Passwords that were changed after the install, or before it."""
    day = NOW + timedelta(days=1 if after else -1)
    return replace(
        sql(created=NOW),
        installing_account=an_account("vmm-setup", "S-1-5-21-1-1-1-1104", password_set=day),
        service_account=an_account("svc-vmm", SERVICE_SID, password_set=day),
    )


@dataclass(frozen=True)
class Case:
    name: str
    state: State
    read: str
    facts: Facts = installed_facts()
    plan: Plan = a_plan()
    vmm: VmmReport | None = None


KEYED = replace(a_plan(), registration=Registration(product_key="A" * 5))
MANAGED = replace(a_plan(), service_account=ServiceAccount(a_plan().service_account.name, AccountKind.GMSA))
SHRUGGED = replace(a_plan(), accepted=(Acceptance("POST-03", "service connection point", "no discovery here"),))
ADMINS = vmm_says(administrators=("CONTOSO\\vmm-setup", "CONTOSO\\VMM Team"))
ONLY_SETUP = vmm_says(administrators=("CONTOSO\\VMM-SETUP", "BUILTIN\\Administrators"))
HAS_SHARE = vmm_says(shares=("\\\\FILES.contoso.lab\\images",))

CASES = (
    Case("spn", DONE, "is on CN=svc-vmm"),
    Case("spn", TO_DO, "is on no account", names()),
    Case("spn", TO_DO, "VmmServicePrincipalNames: empty", second(service_principal_names="")),
    Case("spn", UNKNOWN, "timed out", installed_facts(principal_names=SILENT)),
    Case("spn", DONE, "VmmServicePrincipalNames", names(), MANAGED),
    Case("scp", DONE, "found CN=MSVMM"),
    Case("scp", TO_DO, "no service connection point", names()),
    Case("scp", UNKNOWN, "timed out", installed_facts(principal_names=SILENT)),
    Case("scp", NOT_NEEDED, "no discovery here", names(), SHRUGGED),
    Case("always-on", NOT_NEEDED, "no availability group"),
    Case("always-on", TO_DO, "next: Take the role offline", grouped()),
    Case("always-on", UNKNOWN, "may not see the availability groups", grouped(group_listeners=None)),
    Case("always-on", UNKNOWN, "timed out", installed_facts(sql=SILENT)),
    Case("backup", TO_DO, "there is no full backup", saved(BackupFacts(), "SIMPLE")),
    Case("backup", TO_DO, "last full backup: 2026-02-20", saved(BackupFacts(NOW - timedelta(days=10)), "SIMPLE")),
    Case("backup", TO_DO, "last backup of the log", saved(replace(ALL_BACKED_UP, log=NOW - 30 * HOUR))),
    Case("backup", UNKNOWN, "the directory's backups", saved(ALL_BACKED_UP)),
    Case("backup", UNKNOWN, "may not see the backups"),
    Case("library", TO_DO, "no file server for the library is chosen"),
    Case("library", TO_DO, "Images lacks", library(full=False), WITH_LIBRARY),
    Case("library", UNKNOWN, "VMM itself was not asked", library(), WITH_LIBRARY),
    Case("library", TO_DO, "VMM has no library share", library(), WITH_LIBRARY, vmm_says()),
    Case("library", DONE, "VMM has \\\\files.contoso.lab\\Images", library(), WITH_LIBRARY, HAS_SHARE),
    Case("administrators", UNKNOWN, "VMM itself was not asked"),
    Case("administrators", TO_DO, "the role holds CONTOSO\\VMM-SETUP", vmm=ONLY_SETUP),
    Case("administrators", UNKNOWN, "did not tell", vmm=vmm_says(silent=("administrators",))),
    Case("library", UNKNOWN, "did not tell", library(), WITH_LIBRARY, vmm_says(silent=("library shares",))),
    Case("administrators", DONE, "CONTOSO\\VMM Team", vmm=ADMINS),
    Case("consoles", DONE, "accepts connections", console(True)),
    Case("consoles", TO_DO, "refused", console(False)),
    Case("consoles", UNKNOWN, "timed out", installed_facts(network=SILENT)),
    Case("owners", DONE, "VMM01, VMM02", owners(("VMM01", "VMM02"), ("VMM02", "VMM01"))),
    Case("owners", TO_DO, "VMM03 of the cluster have no VMM", owners(("VMM01", "VMM02"), ())),
    Case("owners", UNKNOWN, "with its owners", with_all_nodes(installed_facts(), unreadable=("owners: denied",))),
    Case("owners", TO_DO, "may run on VMM01", owners(("VMM01",), ("VMM01",))),
    Case("antivirus", UNKNOWN, "is not asked"),
    Case("updates", DONE, "one version on every node"),
    Case("updates", TO_DO, "different versions", second(version="10.22.1400.0")),
    Case("updates", UNKNOWN, "does not tell the version", second(version="")),
    Case("evaluation", TO_DO, "so it ends about 2026-08-29", sql(created=NOW)),
    Case("evaluation", NOT_NEEDED, "hold a product key", plan=KEYED),
    Case("rotate", DONE, "after the install", changed(True)),
    Case("rotate", TO_DO, "last changed on 2026-03-01", changed(False)),
    Case("rotate", UNKNOWN, "is not known"),
)  # fmt: skip


def _called(case: Case) -> str:
    return f"{case.name}-{case.state.value}-{case.read[:20]}"


@pytest.mark.parametrize("case", CASES, ids=_called)
def test_each_follow_up_is_in_the_state_that_the_facts_show(case: Case) -> None:
    row = follow_up(case.name, case.facts, case.plan, case.vmm)
    assert row.state is case.state, row
    assert case.read in row.evidence


def test_the_table_has_every_follow_up_and_all_of_their_states_but_the_impossible_ones() -> None:
    never = {
        "spn": {NOT_NEEDED},
        "backup": {DONE, NOT_NEEDED},
        "library": {NOT_NEEDED},
        "administrators": {NOT_NEEDED},
        "consoles": {NOT_NEEDED},
        "owners": {NOT_NEEDED},
        "antivirus": {DONE, TO_DO, NOT_NEEDED},
        "updates": {NOT_NEEDED},
        "evaluation": {DONE, UNKNOWN},
        "rotate": {NOT_NEEDED},
        # test_always_on.py walks there
        "always-on": {DONE},
    }
    shown = {name: {case.state for case in CASES if case.name == name} for name in IDS}
    assert shown == {name: set(State) - never.get(name, set()) for name in IDS}


def _all_rows() -> Iterator[Any]:
    for case in CASES:
        yield from follow_ups(case.plan, case.facts, case.vmm, "site.toml")


def test_every_open_step_says_how_it_is_seen_to_be_done_and_every_row_what_it_is_for() -> None:
    for row in _all_rows():
        assert row.why.count(".") >= 2
        assert row.evidence
        for step in row.steps:
            assert step.state in (DONE, NOT_NEEDED) or step.verify or step.who is Who.SQL, step
            assert step.state in (DONE, NOT_NEEDED) or step.command or step.where or step.read, step


def test_before_the_install_everything_is_still_to_come_and_asked_of_nobody() -> None:
    rows = follow_ups(a_plan(), good_facts())
    assert {row.state for row in rows if row.id not in ("always-on", "evaluation")} == {TO_DO}
    assert all(row.evidence.startswith("comes after the install") for row in rows if row.state is TO_DO)
    silent = follow_ups(a_plan(), good_facts(nodes={node.key: SILENT for node in a_plan().nodes}))
    assert TO_DO not in {row.state for row in silent}


def test_commands_name_what_is_the_admins_own() -> None:
    spn = follow_up("spn", names())
    assert spn.steps[0].command == r"setspn -U -S 'SCVMM/vmm' 'CONTOSO\svc-vmm'"
    assert spn.steps[0].who is Who.AD
    scp = follow_up("scp", names()).steps[0].command
    assert scp.endswith(r"\setup\ConfigureSCPTool.exe' -install 'vmm.contoso.lab' 'CONTOSO\vmm$'")
    share = follow_up("library", library(), WITH_LIBRARY)
    assert "Add-SCLibraryServer -ComputerName 'files.contoso.lab'" in share.steps[1].command
    assert r"Add-SCLibraryShare -SharePath '\\files.contoso.lab\Images' -AddDefaultResources" in share.steps[2].command
    assert follow_up("owners").steps[1].command == "Set-ClusterOwnerNode -Group 'vmm' -Owners 'VMM01','VMM02'"


def test_the_passive_nodes_are_updated_first() -> None:
    cluster = a_cluster_with_role()
    offline = replace(cluster, groups=tuple(replace(row, state="Offline") for row in cluster.groups))
    for facts in (installed_facts(), with_all_nodes(installed_facts(), cluster=offline)):
        assert "in this order: vmm02.contoso.lab, vmm01.contoso.lab" in follow_up("updates", facts).steps[0].text


def test_a_container_that_is_not_protected_is_asked_of_the_directorys_team() -> None:
    bare = a_container(descriptor=replace(a_container().descriptor, dacl=()))  # type: ignore[type-var]
    row = follow_up("backup", installed_facts(dkm=bare))
    (step,) = (step for step in row.of(Who.AD) if "ProtectedFromAccidentalDeletion" in step.command)
    assert step.state is TO_DO
    assert "'CN=VMMDKM,DC=contoso,DC=lab'" in step.command


def test_a_node_that_writes_command_lines_down_is_named_where_a_password_was_on_one() -> None:
    facts = with_node(changed(False), VMM02, logging=LoggingFacts(True, False, False, False))
    assert f"{VMM02} write command lines" in follow_up("rotate", facts).evidence
    managed = follow_up("rotate", facts, MANAGED)
    assert [step.state for step in managed.steps] == [TO_DO, NOT_NEEDED]


def test_a_log_backup_may_be_made_on_another_replica() -> None:
    database = a_database(is_vmm=True, availability_group="AG1", recovery_model="FULL", backups=BackupFacts(NOW, NOW))
    row = follow_up("backup", grouped(database=database))
    assert row.steps[1].state is UNKNOWN
    assert "another replica" in row.steps[1].read


def test_what_is_accepted_in_the_answers_is_open_no_more_and_what_was_asked_for_says_so() -> None:
    accepted = replace(a_plan(), accepted=(Acceptance("AFT-ANTIVIRUS", "", "no scanner on these nodes"),))
    row = follow_up("antivirus", plan=accepted)
    assert row.state is NOT_NEEDED
    assert row.evidence.startswith("accepted: no scanner on these nodes")
    asked = replace(a_plan(), asked=(AskedFor("AFT-BACKUP", "", "sql", "CHG-7"),))
    backup = follow_up("backup", plan=asked)
    assert backup.state is UNKNOWN
    assert {step.asked for step in backup.of(Who.SQL)} == {"asked for (sql, CHG-7)"}
    assert {step.asked for step in backup.of(Who.AD)} == {""}
    assert any("Already asked for (sql, CHG-7)" in line for line in lines_of([backup]))


def test_the_answers_know_every_follow_up_and_no_other() -> None:
    assert {row.code for row in follow_ups(a_plan(), installed_facts())} == FOLLOW_UPS
    for row in (Acceptance("AFT-SPN", "vmm01.contoso.lab", "x"), Acceptance("AFT-NOTHING", "", "x")):
        assert list(objections(replace(a_plan(), accepted=(row,))))
    good = replace(a_plan(), accepted=(Acceptance("AFT-SPN", "", "x"),))
    assert list(objections(good)) == []
    assert idle(good, ()) == ()


FIELDS = ("domain", "service_account", "installing_account", "dkm", "principal_names", "sql", "network", "library")


@given(st.sets(st.sampled_from(FIELDS)), st.sets(st.sampled_from((VMM01, VMM02))), st.sampled_from(CASES))
def test_whatever_is_missing_there_is_an_answer_and_what_is_done_was_read(
    fields: set[str], nodes: set[str], case: Case
) -> None:
    silent = dict.fromkeys(fields, SILENT)
    facts = replace(case.facts, **silent, nodes={**case.facts.nodes, **dict.fromkeys(nodes, SILENT)})  # type: ignore[arg-type]
    rows = follow_ups(case.plan, facts, case.vmm)
    assert [row.id for row in rows] == list(IDS)
    if {VMM01, VMM02} <= nodes:
        assert not [row.id for row in rows if row.state is DONE]
    if "sql" in fields:
        assert all(row.state is not DONE for row in rows if row.id == "rotate")
