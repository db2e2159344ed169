"""VMServer.ini and its two siblings, read back as Windows reads them."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.plans import contoso, plans
from vmm_wizard.plan.model import Plan, Ports, Registration
from vmm_wizard.plan.names import AccountName, HostName, SqlTarget
from vmm_wizard.setup.ini import (
    CLIENT_INI,
    SERVER_INI,
    UNINSTALL_INI,
    ProfileSection,
    client_options,
    read_private_profile,
    render_client_ini,
    render_server_ini,
    render_server_ini_for,
    render_uninstall_ini,
)
from vmm_wizard.setup.lint import lint


def options(plan: Plan, *, first: bool = True) -> ProfileSection:
    return read_private_profile(render_server_ini(plan, first=first))


def test_the_first_node_is_told_everything_that_setup_has_a_default_for() -> None:
    assert render_server_ini(contoso(), first=True).decode("ascii").split("\r\n") == [
        "[OPTIONS]",
        "UserName=Administrator",
        "CompanyName=Microsoft Corporation",
        "SQMOptIn=0",
        "MUOptIn=0",
        r"ProgramFiles=C:\Program Files\Microsoft System Center\Virtual Machine Manager",
        "CreateNewSqlDatabase=1",
        "SqlMachineName=sql01.contoso.lab",
        "SqlInstanceName=MSSQLSERVER",
        "SqlDatabaseName=VirtualManagerDB",
        "RemoteDatabaseImpersonation=0",
        "IndigoTcpPort=8100",
        "IndigoHTTPSPort=8101",
        "IndigoNETTCPPort=8102",
        "IndigoHTTPPort=8103",
        "WSManTcpPort=5985",
        "BitsTcpPort=443",
        "VmmServiceLocalAccount=0",
        "TopContainerName=CN=VMMDKM,DC=contoso,DC=lab",
        "HighlyAvailable=1",
        "HighlyAvailable2ndNode=0",
        "VmmServerName=vmm",
        "VMMStaticIPAddress=10.10.0.50,10.20.0.50",
        "Upgrade=0",
        "",
    ]


def test_an_additional_node_differs_in_two_keys_only() -> None:
    first, additional = options(contoso()), options(contoso(), first=False)
    assert {name: additional[name] for name in additional if additional[name] != first[name]} == {
        "CreateNewSqlDatabase": "0",
        "HighlyAvailable2ndNode": "1",
    }
    assert list(first) == list(additional)


def test_an_existing_database_is_created_by_no_node() -> None:
    plan = contoso(database=replace(contoso().database, create_new=False))
    assert options(plan)["CreateNewSqlDatabase"] == "0"
    assert options(plan, first=False)["CreateNewSqlDatabase"] == "0"


def test_a_named_instance_is_named_and_a_listener_has_none() -> None:
    database = replace(contoso().database, target=SqlTarget("sql02.contoso.lab", "VMM"))
    assert options(contoso(database=database))["SqlInstanceName"] == "VMM"
    assert options(contoso(database=replace(database, is_listener=True)))["SqlInstanceName"] == ""


@pytest.mark.parametrize(("port", "written"), [(0, None), (1433, None), (50000, "50000")])
def test_a_sql_port_is_written_only_where_it_is_needed(port: int, written: str | None) -> None:
    plan = contoso(database=replace(contoso().database, target=SqlTarget("sql01.contoso.lab", port=port)))
    assert options(plan).get("SqlServerPort") == written


def test_another_sql_administrator_needs_impersonation() -> None:
    database = replace(contoso().database, admin_account=AccountName.parse(r"CONTOSO\sql-admin"))
    assert options(contoso(database=database))["RemoteDatabaseImpersonation"] == "1"
    same = replace(database, admin_account=AccountName.parse(r"contoso\VMM-SETUP"))
    assert options(contoso(database=same))["RemoteDatabaseImpersonation"] == "0"


def test_without_static_addresses_the_key_is_left_out() -> None:
    assert "VMMStaticIPAddress" not in options(contoso(cluster=replace(contoso().cluster, static_addresses=())))


def test_ipv6_addresses_are_listed_too() -> None:
    cluster = replace(contoso().cluster, static_addresses=(ip_address("10.10.0.50"), ip_address("fd00::50")))
    assert options(contoso(cluster=cluster))["VMMStaticIPAddress"] == "10.10.0.50,fd00::50"


def test_an_evaluation_has_no_product_key() -> None:
    key = "ABCDE-12345-FGHIJ-67890-KLMNO"
    assert "ProductKey" not in options(contoso())
    assert options(contoso(registration=Registration(product_key=key)))["ProductKey"] == key


def test_an_unfinished_plan_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"not answered yet: cluster\.nodes"):
        render_server_ini(contoso(cluster=replace(contoso().cluster, nodes=())), first=True)


def test_the_place_in_the_plan_says_which_node_is_first() -> None:
    plan = contoso()
    assert render_server_ini_for(plan, HostName("VMM01")) == render_server_ini(plan, first=True)
    assert render_server_ini_for(plan, HostName("vmm02.contoso.lab")) == render_server_ini(plan, first=False)
    with pytest.raises(ValueError, match="vmm09 is not a node of this plan"):
        render_server_ini_for(plan, HostName("vmm09"))


@given(plans)
def test_whatever_names_go_in_come_back_as_windows_reads_them(plan: Plan) -> None:
    for first in (True, False):
        found = options(plan, first=first)
        assert found["VmmServerName"] == plan.cluster.role_name.text
        assert found["SqlMachineName"] == plan.database.target.host
        assert found["SqlDatabaseName"] == plan.database.name
        assert found["TopContainerName"] == str(plan.dkm.dn)
        assert found["ProgramFiles"] == plan.program_files
        assert found["UserName"] == plan.registration.user_name
        assert found["CompanyName"] == plan.registration.company_name
        assert found.get("VMMStaticIPAddress", "") == ",".join(map(str, plan.cluster.static_addresses))
        assert [found[name] for name, _ in plan.ports.named()] == [str(port) for _, port in plan.ports.named()]
        assert not any(name.casefold().startswith("library") or name == "CreateNewLibraryShare" for name in found)
        assert found["Upgrade"] == "0"
        assert found["HighlyAvailable"] == "1"
        assert (found["HighlyAvailable2ndNode"] == "0") is first


def test_the_console_alone_needs_three_keys() -> None:
    plan = contoso(ports=Ports(console=8200), registration=Registration(microsoft_update=True))
    assert dict(read_private_profile(render_client_ini(plan))) == {
        "ProgramFiles": plan.program_files,
        "IndigoTcpPort": "8200",
        "MUOptIn": "1",
    }


def test_an_uninstall_keeps_the_database_unless_it_is_the_last_node() -> None:
    kept = read_private_profile(render_uninstall_ini(contoso()))
    assert dict(kept) == {"RemoteDatabaseImpersonation": "0", "RetainSqlDatabase": "1", "ForceHAVMMUninstall": "0"}
    assert read_private_profile(render_uninstall_ini(contoso(), last_node=True))["RetainSqlDatabase"] == "1"
    dropped = read_private_profile(render_uninstall_ini(contoso(), last_node=True, remove_database=True, force=True))
    assert (dropped["RetainSqlDatabase"], dropped["ForceHAVMMUninstall"]) == ("0", "1")
    with pytest.raises(ValueError, match="last node only"):
        render_uninstall_ini(contoso(), remove_database=True)


@given(plans, st.booleans(), st.booleans(), st.booleans())
def test_the_removal_and_the_console_are_read_back_as_windows_reads_them(
    plan: Plan, last: bool, remove: bool, force: bool
) -> None:
    assert dict(read_private_profile(render_client_ini(plan))) == client_options(plan)
    if remove and not last:
        return
    data = render_uninstall_ini(plan, last_node=last, remove_database=remove, force=force)
    found = read_private_profile(data)
    assert (found["RetainSqlDatabase"] == "0") is remove
    assert (found["ForceHAVMMUninstall"] == "1") is force
    assert (found["RemoteDatabaseImpersonation"] == "1") is plan.has_sql_admin
    assert lint(data, UNINSTALL_INI) == []


@pytest.mark.parametrize("first", [True, False])
def test_what_is_rendered_has_nothing_to_complain_of(first: bool) -> None:
    assert lint(render_server_ini(contoso(), first=first), SERVER_INI) == []
    assert lint(render_client_ini(contoso()), CLIENT_INI) == []
    assert lint(render_uninstall_ini(contoso(), last_node=True), UNINSTALL_INI) == []
