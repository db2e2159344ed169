"""The files of each node: what goes in comes back, no secret, no way out of the folder."""

from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import HealthCheck, given, settings

from tests.plan.plans import contoso, plans
from vmm_wizard.plan.model import AccountKind, Plan, Registration, ServiceAccount
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.setup.emit import emit_files
from vmm_wizard.setup.ini import read_private_profile


def with_nodes(*nodes: str) -> Plan:
    return contoso(cluster=replace(contoso().cluster, nodes=tuple(map(HostName, nodes))))


def test_each_node_has_its_answer_file_and_its_command() -> None:
    files = emit_files(with_nodes("vmm01", "VMM02.contoso.lab"))
    assert list(files) == [
        "vmm01/VMServer.ini",
        "vmm01/command.txt",
        "VMM02.contoso.lab/VMServer.ini",
        "VMM02.contoso.lab/command.txt",
    ]
    assert read_private_profile(files["vmm01/VMServer.ini"])["HighlyAvailable2ndNode"] == "0"
    assert read_private_profile(files["VMM02.contoso.lab/VMServer.ini"])["HighlyAvailable2ndNode"] == "1"


def test_the_command_is_the_last_line_and_names_whose_password_is_missing() -> None:
    text = emit_files(contoso())["vmm02.contoso.lab/command.txt"].decode()
    *comments, command, end = text.split("\r\n")
    assert end == ""
    assert all(line.startswith("#") for line in comments)
    assert command.startswith(r"C:\VMM\Media\setup.exe /server /i /f C:\VMM\Media\VMServer.ini ")
    assert r"# The password at *** is that of CONTOSO\svc-vmm." in comments
    assert any("Not before vmm01.contoso.lab is finished" in line for line in comments)


def test_a_managed_service_account_is_called_unproven() -> None:
    plan = contoso(service_account=ServiceAccount(AccountName("CONTOSO", "gmsa"), AccountKind.GMSA))
    assert b"No documentation shows" in emit_files(plan)["vmm01.contoso.lab/command.txt"]


@pytest.mark.parametrize(
    "node",
    ["..", ".", "../vmm01", r"..\vmm01", "/etc/vmm01", r"C:\vmm01", "a/../b", "vmm..01", "NUL", "con.contoso.lab", ""],
)
def test_a_node_cannot_lead_out_of_the_folder(node: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be the name of a folder|not answered"):
        emit_files(with_nodes(node))


def test_a_node_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        emit_files(with_nodes("vmm01", "VMM01"))


def test_unaccepted_licence_terms_are_refused() -> None:
    with pytest.raises(ValueError, match="licence terms"):
        emit_files(contoso(registration=Registration()))


def _acceptable(plan: Plan) -> bool:
    accounts = (plan.service_account.name, plan.database.admin_account)
    return plan.registration.eula_accepted and not any(account.user.startswith("-") for account in accounts)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(plans.filter(_acceptable))
def test_every_path_stays_where_it_was_told(plan: Plan) -> None:
    files = emit_files(plan)
    assert len(files) == 2 * len(plan.cluster.nodes)
    for name in files:
        for path in (PurePosixPath(name), PureWindowsPath(name)):
            assert len(path.parts) == 2
            assert not path.anchor
            assert ".." not in path.parts


def test_what_is_written_can_be_read_from_disk(tmp_path: Path) -> None:
    for name, content in emit_files(contoso()).items():
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    data = (tmp_path / "vmm01.contoso.lab" / "VMServer.ini").read_bytes()
    assert read_private_profile(data)["VmmServerName"] == "vmm"
