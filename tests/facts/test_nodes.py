"""The node probe over real connections: what it says is the node's state, and every failure has its own reason."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.node_estate import ADMIN, HOST, LOOPBACK, READER, ServedNodes, a_question, an_installation, served_nodes
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.model import (
    Adapter,
    AdkFacts,
    ClusterFacts,
    ClusterGroup,
    ClusterNode,
    Disk,
    MediaFacts,
    Member,
    NoAnswer,
    NodeFacts,
    RebootFacts,
    RightsFacts,
    ServiceResource,
    TcpAnswer,
    VmmFacts,
    VmmPorts,
)
from vmm_wizard.facts.node_model import SqlSettings
from vmm_wizard.facts.nodes import ask_node
from vmm_wizard.facts.questions import NodeQuestion, Trust
from vmm_wizard.lab.contoso import ADMINS_GROUP
from vmm_wizard.lab.node import GIB, DiskState, Node
from vmm_wizard.lab.run_scripts import LOG
from vmm_wizard.plan.model import CertificateException, WinrmTransport
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.kept import KeptSessions

DEADLINE = 20.0
HTTPS = {"transport": WinrmTransport.HTTPS, "port": 5986}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedNodes]:
    with served_nodes(tmp_path) as nodes:
        yield nodes


def asked(served: ServedNodes, question: NodeQuestion | None = None, **more: Any) -> NodeFacts | NoAnswer:
    question = question or a_question()
    password = more.pop("password", None) or served.password(str(question.account))
    return ask_node(question, password, served.addresses, more.pop("deadline", DEADLINE), **more)


def facts(served: ServedNodes, question: NodeQuestion | None = None) -> NodeFacts:
    answer = asked(served, question)
    assert isinstance(answer, NodeFacts), answer
    return answer


def reason(answer: NodeFacts | NoAnswer) -> NoAnswer:
    assert isinstance(answer, NoAnswer), answer
    return answer


# --- what it says


def test_a_healthy_node_says_all_of_itself(served: ServedNodes) -> None:
    said = facts(served)
    group = served.estate.directory.require(ADMINS_GROUP)
    assert said.language_mode == "FullLanguage"
    assert (said.computer_name, said.pending_computer_name) == ("VMM01", "VMM01")
    assert said.dns_host_name == HOST
    assert said.user == ADMIN
    assert said.is_administrator
    assert said.administrators is not None
    assert Member(group.sid, "CONTOSO\\VMM Admins") in said.administrators
    assert said.rights == RightsFacts(
        service_logon=("S-1-5-80-0", group.sid),
        deny_service_logon=(),
        batch_logon=("S-1-5-32-544", "S-1-5-32-551"),
        deny_batch_logon=(),
        deny_network_logon=("S-1-5-32-546",),
    )
    assert said.vmm is None
    assert said.disks == (Disk("C:", 80 * GIB, 127 * GIB),)
    assert said.adapters == (Adapter("Management", "10.10.0.31", False), Adapter("Storage", "10.20.0.31", False))
    assert said.sql == TcpAnswer("sql01.contoso.lab", 1433, True, "")
    assert (said.setup_processes, said.tasks) == ((), ())
    assert abs(said.utc_time - served.estate.clock.date()) < timedelta(minutes=5)


def test_the_cluster_is_told_as_its_node_sees_it(served: ServedNodes) -> None:
    cluster = facts(served).cluster
    assert isinstance(cluster, ClusterFacts)
    assert (cluster.name, cluster.domain, cluster.access_point) == ("VMMCLU", "contoso.lab", "ActiveDirectoryAndDns")
    assert cluster.nodes == tuple(ClusterNode(name, "Up", "Normal") for name in ("VMM01", "VMM02", "VMM03"))
    assert ClusterGroup("Cluster Group", "Cluster", "Online", "VMM01") in cluster.groups
    assert [(row.role, row.subnets) for row in cluster.networks] == [(3, ("10.10.0.0/24",)), (3, ("10.20.0.0/24",))]
    assert [(row.kind, row.value) for row in cluster.addresses] == [("name", "VMMCLU"), ("address", "10.10.0.40")]


def test_a_node_outside_the_cluster_says_what_windows_says(served: ServedNodes) -> None:
    served.node.in_cluster = False
    said = facts(served)
    assert said.cluster is None
    assert "not running" in said.cluster_error
    assert said.adapters == ()


def test_an_installed_server_and_its_role_are_told(served: ServedNodes) -> None:
    served.node.install(an_installation())
    served.estate.cluster.create_vmm_role("vmm", ["10.10.0.50", "10.20.0.50"], HOST)
    served.node.files.write(LOG, b"10:00:00:fine\r\n10:00:01:FailureReason = no disk\r\n")
    said = facts(served)
    assert said.vmm == VmmFacts(
        install_path=r"C:\Program Files\VMM",
        version="10.22.1287.0",
        service_state="Running",
        service_account="CONTOSO\\svc-vmm",
        service_principal_names="SCVMM/vmm,SCVMM/vmm.contoso.lab",
        sql_machine="sql01.contoso.lab",
        sql_instance="",
        sql_database="VirtualManagerDB",
        log_exists=True,
        log_failures=("10:00:01:FailureReason = no disk",),
        sql_settings=SqlSettings("sql01.contoso.lab", "sql01.contoso.lab", "", "sql01", False),
        ports=VmmPorts(8100, 8101, 8102, 8103, 5985, 443),
    )
    assert said.agent_installed
    assert said.cluster is not None
    assert [(row.group, row.service_name) for row in said.cluster.services] == [("vmm", "SCVMMService")]
    assert isinstance(said.cluster.services[0], ServiceResource)
    values = {row.value for row in said.cluster.addresses if row.group == "vmm"}
    assert values == {"vmm", "10.10.0.50", "10.20.0.50"}


def test_a_passive_node_has_the_service_stopped(served: ServedNodes) -> None:
    other = served.estate.nodes["vmm02.contoso.lab"]
    for node in (served.node, other):
        node.install(an_installation())
    served.estate.cluster.create_vmm_role("vmm", ["10.10.0.50", "10.20.0.50"], HOST)
    vmm = facts(served, a_question(host="vmm02.contoso.lab")).vmm
    assert vmm is not None
    assert vmm.service_state == "Stopped"


def _set(**changes: Any) -> Callable[[Node], None]:
    def change(node: Node) -> None:
        for name, value in changes.items():
            assert hasattr(node.state, name)
            setattr(node.state, name, value)

    return change


def _set_media(**changes: Any) -> Callable[[Node], None]:
    def change(node: Node) -> None:
        for name, value in changes.items():
            assert hasattr(node.state.media, name)
            setattr(node.state.media, name, value)

    return change


def _no_adk(node: Node) -> None:
    node.state.adk.root = ""


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        (_set(os_build=17763), "os_build", 17763),
        (_set(product_type=1), "product_type", 1),
        (_set(installation_type="Server Core"), "installation_type", "Server Core"),
        (_set(logical_processors=4), "logical_processors", 4),
        (_set(memory=3 * GIB), "memory_bytes", 3 * GIB),
        (_set(disks=[DiskState("C:", 1, 2), DiskState("D:", 3, 4)]), "disks", (Disk("C:", 1, 2), Disk("D:", 3, 4))),
        (_set(dotnet_release=0), "dotnet_release", 0),
        (_set(pending_file_renames=True), "reboot", RebootFacts(False, False, True, False)),
        (_set(pending_component_servicing=True), "reboot", RebootFacts(True, False, False, False)),
        (_set(pending_computer_name="NEW"), "reboot", RebootFacts(False, False, False, True)),
        (_set(pending_computer_name="NEW"), "pending_computer_name", "NEW"),
        (_set(hyperv_feature=True), "hyperv_feature", True),
        (_set(hyperv_service=True), "hyperv_service", True),
        (_set(agent=True), "agent_installed", True),
        (_set(part_of_domain=False), "part_of_domain", False),
        (_set(secure_channel=False), "secure_channel", False),
        (_set(disable_domain_creds=1), "disable_domain_creds", 1),
        (_set(ui_culture="de-DE"), "ui_culture", "de-DE"),
        (_set(blocked_targets={"sql01.contoso.lab"}), "sql", TcpAnswer("sql01.contoso.lab", 1433, False, "timed out")),
        (_no_adk, "adk", AdkFacts("", "", False, False, 0, 0)),
        (_set_media(exists=False), "media", MediaFacts(r"C:\VMM\Media", "fixed", False, "", "", False)),
        (_set_media(kind="network"), "media", MediaFacts(r"C:\VMM\Media", "network", False, "", "", False)),
    ],
)
def test_what_changes_on_the_node_changes_in_its_facts(
    served: ServedNodes, change: Callable[[Node], None], field: str, expected: object
) -> None:
    change(served.node)
    assert getattr(facts(served), field) == expected


def test_media_is_known_by_version_and_hash(served: ServedNodes) -> None:
    here, there = facts(served).media, facts(served, a_question(host="vmm02.contoso.lab")).media
    assert here.exists
    assert here.product_version == "10.22.1287.0"
    assert len(here.sha256) == 64
    assert here == there
    served.node.state.media.version = "10.22.1300.0"
    assert facts(served).media.sha256 != there.sha256


@pytest.mark.parametrize(
    ("path", "kind"), [(r"\\files\vmm", "network"), (r"Q:\VMM", "missing"), ("", "missing"), (r"C:\Elsewhere", "fixed")]
)
def test_media_elsewhere_is_not_found(served: ServedNodes, path: str, kind: str) -> None:
    assert facts(served, a_question(media_path=path)).media == MediaFacts(path, kind, False, "", "", False)


def test_a_named_instance_is_found_through_sql_browser(served: ServedNodes) -> None:
    served.estate.instance_ports["sql02.contoso.lab"] = 49876
    question = a_question(sql_host="sql02.contoso.lab", sql_instance="VMM")
    assert facts(served, question).sql == TcpAnswer("sql02.contoso.lab", 49876, True, "")


def test_an_instance_that_browser_does_not_know_is_closed_with_a_reason(served: ServedNodes) -> None:
    sql = facts(served, a_question(sql_host="sql02.contoso.lab", sql_instance="OTHER")).sql
    assert not sql.open
    assert "SQL Browser" in sql.error


def test_nothing_planned_yet_is_not_asked(served: ServedNodes) -> None:
    assert facts(served, a_question(sql_host="")).sql == TcpAnswer("", 0, False, "not asked")


def test_a_remote_management_user_reads_what_windows_shows_him(served: ServedNodes) -> None:
    served.node.state.remote_management_users = {served.credential(READER).sid}
    said = facts(served, a_question(account=AccountName.parse(READER)))
    assert not said.is_administrator
    assert said.user == READER
    assert (said.administrators, said.rights, said.secure_channel, said.cluster) == (None, None, None, None)
    assert "administrative privileges" in said.cluster_error


def test_a_session_waits_for_the_next_question_only_where_nobody_needs_to_give_the_account_rights(
    served: ServedNodes,
) -> None:
    kept = KeptSessions()
    served.credential().last_via.clear()
    assert isinstance(asked(served, kept=kept), NodeFacts)
    assert isinstance(asked(served, kept=kept), NodeFacts)
    assert served.credential().last_via == ["winrm"]
    kept.close()
    kept = KeptSessions()
    served.node.state.remote_management_users = {served.credential(READER).sid}
    assert isinstance(asked(served, a_question(account=AccountName.parse(READER)), kept=kept), NodeFacts)
    assert len(kept) == 0


def test_over_https_with_a_verified_certificate_it_is_the_same(served: ServedNodes) -> None:
    question = a_question(trust=Trust(str(served.ca_file)), **HTTPS)
    assert facts(served, question).computer_name == "VMM01"


# --- why there is no answer


def test_a_wrong_password_is_tried_once(served: ServedNodes) -> None:
    answer = reason(asked(served, password=Secret("not-it")))
    assert answer.code == "logon"
    assert ADMIN in answer.reason
    assert "not-it" not in answer.reason
    assert served.credential().counted == 1


def test_a_closed_port_is_refused(served: ServedNodes) -> None:
    for server in served.node.services:
        server.cut()
    answer = reason(asked(served))
    assert answer == NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")


def test_a_name_that_nobody_knows_is_unreachable(served: ServedNodes) -> None:
    answer = reason(asked(served, a_question(host="vmm99.contoso.lab")))
    assert answer.code == "unreachable"
    assert "vmm99.contoso.lab" in answer.reason


def test_a_node_that_accepts_and_says_nothing_runs_out_of_time(served: ServedNodes) -> None:
    served.http[HOST].silent = True
    assert reason(asked(served, deadline=0.3)) == NoAnswer(
        "could not reach vmm01.contoso.lab:5985: timed out", "timeout"
    )


def test_what_speaks_no_winrm_is_no_node(served: ServedNodes, tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as stranger:

        def greet() -> None:
            connection, _ = stranger.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=greet, daemon=True).start()
        book = AddressBook(
            tmp_path / "book.toml", {HOST: {"address": LOOPBACK, "winrm_http": stranger.getsockname()[1]}}
        )
        answer = ask_node(a_question(), served.password(), book, DEADLINE)
    assert reason(answer).code in ("unreachable", "unreadable")


def test_an_account_without_rights_is_denied_without_being_counted(served: ServedNodes) -> None:
    answer = reason(asked(served, a_question(account=AccountName.parse(READER))))
    assert answer.code == "denied"
    assert "neither a local administrator" in answer.reason
    assert served.credential(READER).counted == 0


def test_where_winrs_is_forbidden_remoting_says_the_same_with_one_logon(served: ServedNodes) -> None:
    over_winrs = facts(served)
    served.credential().last_via.clear()
    served.node.state.remote_shell_allowed = False
    over_remoting = facts(served)
    assert served.credential().last_via == ["winrm"]
    assert replace(over_remoting, utc_time=over_winrs.utc_time) == over_winrs


def test_forbidden_remote_shells_and_closed_remoting_are_told_as_such(served: ServedNodes) -> None:
    served.node.state.remote_shell_allowed = False
    served.node.state.remoting_allowed = False
    answer = reason(asked(served))
    assert answer.code == "shell"
    assert "AllowRemoteShellAccess" in answer.reason
    assert "Microsoft.PowerShell" in answer.reason


@pytest.mark.parametrize("remote_shell_allowed", [True, False], ids=["winrs", "remoting"])
def test_a_constrained_language_mode_is_told_as_such(served: ServedNodes, remote_shell_allowed: bool) -> None:
    served.node.state.remote_shell_allowed = remote_shell_allowed
    served.node.state.language_mode = "ConstrainedLanguage"
    answer = reason(asked(served))
    assert answer.code == "language_mode"
    assert answer.reason == (
        "PowerShell on vmm01.contoso.lab:5985 runs in ConstrainedLanguage, and the wizard's scripts need FullLanguage; "
        "a policy of application control does that (App Control for Business, or AppLocker's script rules): ask "
        "whoever keeps it to let the account that logs on to the nodes run PowerShell in full"
    )


def test_an_endpoint_for_just_enough_administration_is_told_as_such(served: ServedNodes) -> None:
    served.node.state.remote_shell_allowed = False
    served.node.state.language_mode = "NoLanguage"
    answer = reason(asked(served))
    assert (answer.code, "Just Enough Administration: ask whoever" in answer.reason) == ("language_mode", True)


def test_an_untrusted_certificate_is_refused_before_any_logon(served: ServedNodes) -> None:
    answer = reason(asked(served, a_question(**HTTPS)))
    assert answer.code == "certificate"
    assert served.credential().last_via == []


def test_a_certificate_of_another_host_is_refused(served: ServedNodes, tmp_path: Path) -> None:
    other = served.addresses.hosts["vmm02.contoso.lab"]
    book = AddressBook(tmp_path / "book.toml", {HOST: other})
    question = a_question(trust=Trust(str(served.ca_file)), **HTTPS)
    assert reason(ask_node(question, served.password(), book, DEADLINE)).code == "certificate"


def test_an_accepted_fingerprint_holds_for_its_host_alone(served: ServedNodes) -> None:
    exception = CertificateException(HostName("vmm02.contoso.lab"), "ab" * 32, "self-signed")
    question = a_question(trust=Trust("", (exception,)), **HTTPS)
    assert reason(asked(served, question)).code == "certificate"


def test_a_set_flag_stops_the_question(served: ServedNodes) -> None:
    cancel = threading.Event()
    cancel.set()
    assert reason(asked(served, cancel=cancel)).code == "stopped"
