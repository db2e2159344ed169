"""What surrounds a run on the nodes: the answer file, other installers, shells, logs, and open consoles."""

from __future__ import annotations

import base64

import pytest

from tests.building import a_plan, good_facts, installed_facts
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, UNKNOWN, VMM02, WARN, about, failing, with_node
from vmm_wizard.checks.answer_file import misread
from vmm_wizard.checks.registry import Finding, Status, all_checks, judge_one
from vmm_wizard.checks.schedule import Job
from vmm_wizard.facts.model import Facts, LoggingFacts, OpenConsole, ShellLimits, StagedFile
from vmm_wizard.plan.model import AccountKind, Database, Registration, ServiceAccount
from vmm_wizard.plan.names import AccountName, SqlTarget
from vmm_wizard.setup.ini import render_server_ini, server_options

INI = r"C:\ProgramData\vmm-wizard\r1\VMServer.ini"


def staged(content: bytes) -> StagedFile:
    return StagedFile(INI, base64.b64encode(content).decode())


def left(content: bytes) -> Facts:
    """The good estate with an answer file on vmm01."""
    return with_node(staged=(staged(content),))


# --- another setup


@pytest.mark.parametrize(
    ("processes", "tasks", "busy", "status"),
    [
        ((), (), False, PASS),
        ((), (), True, FAIL),
        (("Setup",), (), False, FAIL),
        (("Setup", "SetupVM"), ("vmm-wizard-r1",), True, NOT_APPLICABLE),
        ((), ("vmm-wizard-r1",), True, FAIL),
        ((), (), None, UNKNOWN),
        (("Setup",), None, None, FAIL),
    ],
)
def test_other_setups(
    processes: tuple[str, ...], tasks: tuple[str, ...] | None, busy: bool | None, status: Status
) -> None:
    facts = with_node(setup_processes=processes, tasks=tasks, installer_busy=busy)
    assert about("MED-03", facts).status is status


# --- the answer file


def test_the_file_of_each_node_is_read_back() -> None:
    first, second = about("MED-04"), about("MED-04", subject=VMM02)
    assert first.evidence == second.evidence
    assert first.evidence.endswith("keys in ASCII, each read back as written")


def test_letters_outside_ascii_go_as_utf_16() -> None:
    plan = a_plan(registration=Registration(company_name="Müller"))
    assert "UTF-16 with its mark" in about("MED-04", plan=plan).evidence


@pytest.mark.parametrize(
    ("company", "says"),
    [("x" * 4096, "CompanyName is longer"), ("a\tb", "control characters"), ("Contoso ", "end with a blank")],
)
def test_an_answer_that_no_file_can_carry_fails(company: str, says: str) -> None:
    plan = a_plan(registration=Registration(company_name=company))
    row = about("MED-04", plan=plan)
    assert (row.status, says in row.evidence) == (FAIL, True)
    assert failing(plan=plan) == {"MED-04"}


def test_what_this_plan_has_left_for_this_node_is_well_and_what_it_left_for_another_is_not() -> None:
    assert about("MED-04", left(render_server_ini(a_plan(), first=True))).status is PASS
    row = about("MED-04", left(render_server_ini(a_plan(), first=False)))
    assert row.status is WARN
    assert f"{INI} is of an earlier run" in row.evidence
    assert row.evidence.endswith("otherwise: CreateNewSqlDatabase, HighlyAvailable2ndNode")


def test_a_product_key_is_never_shown() -> None:
    key = "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"
    plan = a_plan(registration=Registration(product_key=key))
    row = about("MED-04", left(render_server_ini(a_plan(), first=True)), plan)
    assert row.status is WARN
    assert "ProductKey" in row.evidence
    assert key not in row.evidence + row.remedy


OPTIONS = server_options(a_plan(), first=True)
GOOD = render_server_ini(a_plan(), first=True)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xef\xbb\xbf" + GOOD, "UTF-8 byte order mark"),
        (GOOD.replace(b"[OPTIONS]", b"[OTHER]"), "ProgramFiles"),
        (GOOD.replace(b"VmmServerName=vmm", b"VmmServerName=vmm ; the role"), "VmmServerName"),
        (GOOD + b"LibraryShareName=x\r\n", "LibraryShareName"),
        (b"", "ProgramFiles"),
    ],
)
def test_what_windows_would_misread(data: bytes, says: str) -> None:
    assert says in misread(data, OPTIONS)


def test_what_windows_reads_rightly_whatever_it_looks_like() -> None:
    assert misread(GOOD, OPTIONS) == ""
    spaced = b"".join(line.replace(b"=", b" = ", 1) for line in GOOD.splitlines(keepends=True))
    assert misread(b"; a comment\r\n" + spaced.replace(b"[OPTIONS]", b"[Options]"), OPTIONS) == ""


def test_content_that_is_no_base64_is_no_answer_file() -> None:
    assert about("MED-04", with_node(staged=(StagedFile(INI, "%%%"),))).status is WARN


# --- shells


@pytest.mark.parametrize(("memory", "status"), [(0, PASS), (1023, WARN), (1024, PASS), (2147483647, PASS)])
def test_memory_of_shells(memory: int, status: Status) -> None:
    assert about("RUN-01", with_node(shell=ShellLimits(memory, 180000, 28800000))).status is status


# --- logs


def test_passwords_on_command_lines_are_named_by_their_accounts() -> None:
    facts = with_node(logging=LoggingFacts(True, False, False, False))
    row = about("RUN-03", facts)
    assert "the password of CONTOSO\\svc-vmm will be in the Security log" in row.evidence
    assert "afterwards give CONTOSO\\svc-vmm a new password" in row.remedy
    assert "Logging stays on" in row.remedy
    database = Database(SqlTarget.parse("sql01"), admin_account=AccountName.parse(r"CONTOSO\sql-admin"))
    assert "CONTOSO\\svc-vmm and CONTOSO\\sql-admin" in about("RUN-03", facts, a_plan(database=database)).evidence


def test_a_managed_account_has_no_password_to_be_logged() -> None:
    account = ServiceAccount(AccountName.parse(r"CONTOSO\gmsa-vmm$"), AccountKind.GMSA)
    facts = with_node(logging=LoggingFacts(True, False, False, False))
    row = about("RUN-03", facts, a_plan(service_account=account))
    assert (row.status, "setup's holds no password" in row.evidence) == (WARN, True)
    assert "nothing has to be changed" in row.remedy


@pytest.mark.parametrize(
    ("logging", "says"),
    [
        (LoggingFacts(False, True, False, False), "4103"),
        (LoggingFacts(False, False, True, False), "4104"),
        (LoggingFacts(False, False, False, True), "transcription"),
    ],
)
def test_powershells_logs_keep_no_password_of_ours(logging: LoggingFacts, says: str) -> None:
    row = about("RUN-03", with_node(logging=logging))
    assert (row.status, says in row.evidence, "password" in row.evidence) == (WARN, True, False)
    assert "nothing has to be changed" in row.remedy


# --- consoles, before an uninstall


def before_uninstall(facts: Facts) -> Finding:
    entry = next(entry for entry in all_checks() if entry.id == "RUN-04")
    return next(row for row in judge_one(entry, a_plan(), facts, Job.UNINSTALL) if row.subject.startswith("vmm01"))


def test_open_consoles_stop_an_uninstall_and_nothing_else() -> None:
    facts = with_node(installed_facts(), consoles=(OpenConsole("VmmAdminUI", 77), OpenConsole("powershell", 78)))
    row = before_uninstall(facts)
    assert (row.status, row.evidence) == (FAIL, "open: VmmAdminUI (77), powershell (78)")
    assert about("RUN-04", facts).status is NOT_APPLICABLE
    assert before_uninstall(installed_facts()).status is PASS
    assert before_uninstall(with_node(installed_facts(), consoles=None)).status is UNKNOWN
    nothing = before_uninstall(good_facts())
    assert (nothing.status, "nothing to uninstall" in nothing.evidence) == (NOT_APPLICABLE, True)


def test_only_what_an_uninstall_needs_is_judged_for_it() -> None:
    judged = {
        entry.id
        for entry in all_checks()
        if any(row.status is not NOT_APPLICABLE for row in judge_one(entry, a_plan(), installed_facts(), Job.UNINSTALL))
    }
    assert {"RUN-04", "INS-01", "MED-01", "NOD-08", "SQL-02", "CLU-03"} <= judged
    assert judged.isdisjoint({"NAM-05", "DKM-02", "NOD-12", "POST-02", "MED-04", "ACC-04"})
