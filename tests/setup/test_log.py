"""SetupWizard.log as it grows: lines, progress, failures and their causes."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard.printable import printable
from vmm_wizard.setup.log import LogReader, Phase, SetupKind, read_failures
from vmm_wizard.setup.log_causes import UNEXPLAINED, explain

#: Lines in the form that support articles and the forked source show.
RUN = [
    "11:00:00:Main: setup begins",
    "11:00:01:CheckPrerequisites: begin",
    "11:00:02:Sql client found, database tools found",
    "11:00:09:Doing Preinstall task for PangaeaServer",
    "11:00:10:Doing Install task for PangaeaServer",
    "11:01:00:ProcessInstalls: PangaeaServer, package 10 of 40",
    "11:04:00:ProcessInstalls: PangaeaServer, package 40 of 40",
    "11:05:00:Doing Postinstall task for PangaeaServer",
    "11:05:01:DBConfigurator: creating tables",
    "11:06:00:DKM: container CN=VMMDKM,DC=contoso,DC=lab",
    "11:06:30:SPN: registered",
    "11:07:00:ClusterServiceHelper: creating the resource group vmm",
    "11:08:00:Main: setup has ended with exit code 0",
]


def fed(lines: list[str]) -> LogReader:
    reader = LogReader()
    reader.feed("".join(f"{line}\r\n" for line in lines).encode())
    return reader


def test_a_line_has_its_number_its_time_and_its_text() -> None:
    lines = LogReader().feed(b"11:00:00:first\r\n   at Some.Method()\r\n11:00:02:third: more\r\n")
    assert [(line.number, line.time, line.text) for line in lines] == [
        (1, "11:00:00", "first"),
        (2, "", "   at Some.Method()"),
        (3, "11:00:02", "third: more"),
    ]


def test_an_open_line_waits_for_its_end() -> None:
    reader = LogReader()
    assert reader.feed(b"11:00:00:fir") == []
    assert [line.text for line in reader.feed(b"st\r\n11:00:01:sec")] == ["first"]
    assert [line.text for line in reader.close()] == ["sec"]
    assert reader.close() == []


_texts = st.lists(st.text(st.sampled_from("abc: ö株\u0a00\u000c\U0001f600"), max_size=8), min_size=1, max_size=5)


@given(_texts, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.lists(st.integers(1, 7), max_size=80))
def test_pieces_of_any_length_give_the_same_lines(texts: list[str], encoding: str, cuts: list[int]) -> None:
    body = "".join(f"{text}\r\n" for text in texts)
    data = codecs.BOM_UTF16_LE + body.encode("utf-16-le") if encoding == "utf-16" else body.encode(encoding)
    reader, found = LogReader(), []
    for cut in cuts:
        found += reader.feed(data[:cut])
        data = data[cut:]
    found += reader.feed(data)
    found += reader.close()
    assert [line.text for line in found] == [printable(text) for text in texts]
    assert [line.number for line in found] == list(range(1, len(texts) + 1))


def test_the_ansi_code_page_is_understood() -> None:
    assert [line.text for line in LogReader().feed(b"11:00:00:Gr\xf6\xdfe\r\n")] == ["Größe"]


def test_progress_follows_the_phases_and_never_falls() -> None:
    reader, seen = LogReader(), []
    for line in RUN:
        reader.feed(f"{line}\r\n".encode())
        seen.append((reader.percent, reader.phase))
    assert [percent for percent, _ in seen] == sorted(percent for percent, _ in seen)
    assert list(dict.fromkeys(phase for _, phase in seen)) == [
        Phase.STARTING.said,
        Phase.PREREQUISITES.said,
        Phase.FILES.said,
        Phase.AFTERWARDS.said,
        Phase.DATABASE.said,
        Phase.KEYS.said,
        Phase.PRINCIPAL_NAMES.said,
        Phase.ROLE.said,
        Phase.ENDED.said,
    ]
    assert seen[-1] == (99, "ending")
    assert fed(RUN[:6]).percent == 23
    assert reader.failures == ()


def test_words_of_later_phases_do_not_count_before_the_files_are_there() -> None:
    assert fed(RUN[:3]).phase == Phase.PREREQUISITES.said


@given(st.lists(st.sampled_from(RUN) | st.text(max_size=20)))
def test_the_percentage_stays_between_bounds_whatever_comes(lines: list[str]) -> None:
    reader, before = LogReader(), 0
    for line in lines:
        reader.feed(f"{line}\n".encode("utf-8", errors="replace"))
        assert before <= reader.percent <= 99
        before = reader.percent


def test_a_rollback_is_said_and_the_percentage_stands_still() -> None:
    reader = fed([*RUN[:9], "11:06:00:****Starting*RollBack*******", "11:06:01:ClusterServiceHelper: removing"])
    assert (reader.phase, reader.percent) == ("rolling back", 79)


SUPPORT_ARTICLE = [
    "11:00:06:VMMPostinstallProcessor threw an exception: Threw Exception.Type: "
    "Microsoft.VirtualManager.Utils.CarmineException, "
    "Exception.Message: Creation of the VMM resource group vmm failed.",
    "Ensure that the group name is valid.",
    "11:00:06:StackTrace:   at Microsoft.VirtualManager.Setup.ClusterServiceHelper.CreateService()",
    "11:00:07:ProcessInstalls: Running the PostProcessDelegate returned false.",
    "11:00:07:ProcessInstalls: Running the PostProcessDelegate for PangaeaServer failed.... This is a fatal item. "
    "Setting rollback.",
]


def test_a_failure_names_its_line_its_cause_and_what_to_do() -> None:
    first, *rest = fed([*RUN[:9], *SUPPORT_ARTICLE]).failures
    assert first.line_number == 10
    assert "Creation of the VMM resource group vmm failed" in first.text
    assert "cluster could not make VMM's role" in first.cause
    assert "CLU-05" in first.remedy
    assert [failure.line_number for failure in rest] == [13, 14]
    assert all(failure.cause == UNEXPLAINED.cause for failure in rest)


def test_the_failure_with_a_known_cause_comes_first() -> None:
    failures = read_failures(
        b"1:00:00:VMMPostinstallProcessor threw an exception\n"
        b"1:00:01:*** Carmine error was: HostAgentBadSharePathname (2917); HR: 0x80070035"
    )
    assert [failure.line_number for failure in failures] == [2, 1]
    assert "-SCVMM-" in failures[0].cause


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Threw Exception.Type: System.Runtime.Serialization.SerializationException", "newer update"),
        ("*** Carmine error was: HostAgentWSManError (2927); HR: 0x80338012", "WinRM"),
        ("Threw Exception.Type: DkmAccessDeniedException, Exception.Message: no", "Full Control of the DKM container"),
        ("Threw Exception.Type: X, Exception.Message: There is no such object: CN=VMMDKM", "does not exist where"),
        ("FailureReason = CREATE DATABASE permission denied in database 'master'.", "not sysadmin"),
        ("FailureReason = X is not a member of the server role sysadmin on SQL01", "not sysadmin"),
        ("FailureReason = A network-related or instance-specific error occurred", "cannot be reached"),
        ("command line error: the database VirtualManagerDB exists already", "told to make a new one"),
        ("command line error: the database VirtualManagerDB does not exist", "told to take an existing one"),
        ("FailureReason = could not validate user CONTOSO\\SERVER-NAME-TOO-LONG$", "longer than 15"),
        ("command line error: could not validate the service account CONTOSO\\svc: 52e", "could not log on"),
        ("command line error: unknown switch", "refused its command line"),
        ("We failed the prerequisite checks.", "prerequisite is missing"),
        ("Have NOT acknowledge acceptance of the EULA", "licence terms"),
        ("*** Carmine error was: CannotConnect (1602); HR: 0x80131500", "console cannot reach"),
        ("FailureReason = Cannot execute as the database principal because it does not exist", "no longer db_owner"),
        (r"FailureReason = The instance VMM01\MICROSOFT$VMM$ was not found", "not read the answer file"),
        ("FailureReason = VMM01 is the active node of the highly available server", "carries VMM's role"),
        ("FailureReason = setup cannot determine whether this node is the last one", "whether this is the last node"),
        ("Threw Exception.Type: FilesInUseException, Exception.Message: VmmAdminUi", "is open on this computer"),
        ("command line error: the console cannot be removed while the server is there", "belongs to the management"),
        ("command line error: the VMM console is not installed on this computer", "is not on this computer"),
        ("FailureReason = 3702: Cannot drop database VirtualManagerDB: it is in use", "could not be dropped"),
        ("Threw Exception.Type: X, Exception.Message: The value cannot be decrypted", "not in the DKM container"),
        ("Install Item Server failed to install: LaunchMsi returned 1618", "busy with something else"),
        ("Install Item Server failed to install: LaunchMsi returned 1603", "gave up on a package"),
        ("command line error: VMM is installed on this computer already", "is on this node already"),
        ("FailureReason = CONTOSO\\svc-vmm is not in the Administrators group of VMM01", "not a local administrator"),
    ],
)
def test_known_messages_have_their_cause(line: str, words: str) -> None:
    [failure] = read_failures(f"12:00:00:{line}\r\n".encode())
    assert words in failure.cause
    assert failure.remedy
    assert explain(line).cause == failure.cause


@pytest.mark.parametrize("what", ["SPN", "SCP"])
def test_what_setup_went_on_without_is_a_warning(what: str) -> None:
    reader = fed([f"12:00:00:Warning: the {what} could not be registered for CONTOSO\\svc-vmm"])
    assert reader.failures == ()
    assert "setspn -u -s" in reader.warnings[0].remedy


@pytest.mark.parametrize(
    "line",
    [
        "ProcessInstalls: Rollback is set but we are doing an uninstall so we will clear the rollback switch",
        "ProcessInstalls: Running the PostProcessDelegate for PangaeaServer",
        "Main: setup has ended with exit code 0",
        "cluster resource group vmm is online",
    ],
)
def test_harmless_lines_are_no_failures(line: str) -> None:
    assert read_failures(f"12:00:00:{line}\r\n".encode()) == ()


REMOVAL = [
    "12:00:00:Main: setup begins; the database is VirtualManagerDB",
    "12:00:01:CheckPrerequisites: this is not the last node",
    "12:00:09:Doing Preinstall task for PangaeaServer",
    "12:00:10:Service: stopping SCVMMService",
    "12:00:30:Cluster: VMM01 is no owner of role vmm any more",
    "12:01:00:SqlWork: database VirtualManagerDB is kept",
    "12:01:10:Doing Install task for PangaeaServer",
    "12:02:00:ProcessInstalls: PangaeaServer, package 10 of 40",
    "12:04:00:ProcessInstalls: PangaeaServer, package 40 of 40",
    "12:05:00:Main: setup has ended with exit code 0",
]


def walked(work: SetupKind, lines: list[str]) -> list[tuple[int, str]]:
    """Percentage and phase after each line."""
    reader, seen = LogReader(work), []
    for line in lines:
        reader.feed(f"{line}\r\n".encode())
        seen.append((reader.percent, reader.phase))
    return seen


def test_an_uninstall_has_phases_of_its_own() -> None:
    seen = walked(SetupKind.UNINSTALL, REMOVAL)
    assert [percent for percent, _ in seen] == sorted(percent for percent, _ in seen)
    assert list(dict.fromkeys(phase for _, phase in seen)) == [
        Phase.STARTING.said,
        Phase.INSTALLED.said,
        Phase.STOPPING.said,
        Phase.LEAVING.said,
        Phase.DATABASE_LEFT.said,
        Phase.REMOVING.said,
        Phase.ENDED.said,
    ]
    assert seen[7] == (50, "removing files")


def test_a_console_comes_and_goes_without_database_and_cluster() -> None:
    come = [RUN[1], RUN[4], RUN[5], RUN[6], RUN[8], RUN[11], RUN[12]]
    assert list(dict.fromkeys(phase for _, phase in walked(SetupKind.CONSOLE, come))) == [
        Phase.PREREQUISITES.said,
        Phase.FILES.said,
        Phase.ENDED.said,
    ]
    gone = [REMOVAL[1], *REMOVAL[6:]]
    assert list(dict.fromkeys(phase for _, phase in walked(SetupKind.CONSOLE_UNINSTALL, gone))) == [
        Phase.INSTALLED.said,
        Phase.REMOVING.said,
        Phase.ENDED.said,
    ]


@pytest.mark.parametrize(("work", "lines", "until"), [(SetupKind.INSTALL, RUN, 3), (SetupKind.UNINSTALL, REMOVAL, 2)])
def test_while_setup_only_looks_nothing_has_changed(work: SetupKind, lines: list[str], until: int) -> None:
    for count in range(len(lines) + 1):
        reader = LogReader(work)
        reader.feed("".join(f"{line}\r\n" for line in lines[:count]).encode())
        assert reader.changed_something is (count > until)


def test_a_rollback_that_came_to_its_end_is_told_from_one_that_did_not() -> None:
    begun = fed([*RUN[:9], "11:06:00:****Starting*RollBack*******"])
    assert (begun.rollback_begun, begun.rollback_ended) == (True, False)
    begun.feed(b"11:09:00:****Ended*RollBack**********\r\n")
    assert begun.rollback_ended
    assert (fed(RUN).rollback_begun, fed(RUN).rollback_ended) == (False, False)


@pytest.mark.parametrize(
    ("line", "cause", "remedy"),
    [
        ("FailureReason = The server is not operational.", "No domain controller answered setup", "nltest"),
        ("*** Carmine error was: DirectoryServicesCOM (1); HR: 0x8007203a", "No domain controller", "nltest"),
        ("FailureReason = The service SCVMMService on VMM01 did not start", "did not start", "SQL-01"),
    ],
)
def test_what_goes_away_under_setup_has_a_known_cause(line: str, cause: str, remedy: str) -> None:
    assert cause in explain(line).cause
    assert remedy in explain(line).remedy
