"""What the practice estate's SQL Servers are called, and by which of their names clients and Kerberos reach them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.estates import serving_estate
from vmm_wizard.lab import contoso
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.rehearsal_report import find_sql, sql_report
from vmm_wizard.lab.scenarios import apply, scenario
from vmm_wizard.lab.sql import AvailabilityGroup, Listener, Replica, SqlServer

SQL01 = "sql01.contoso.lab"


def scheme(estate: Estate, host: str = "sql01", instance: str = "", port: int = 0) -> str:
    """How a task of the installing account logs on."""
    server = find_sql(estate.sql_servers.values(), host, instance)
    report = sql_report(server, estate.directory, host, port, estate.account(contoso.INSTALLER))
    assert report["sql_error"] == ""
    return str(report["sql_auth_scheme"])


def test_the_good_instance_is_clustered_and_kerberos_reaches_it() -> None:
    estate = Estate()
    server = estate.sql_servers[SQL01]
    assert (server.is_clustered, server.machine_name, server.physical_name) == (True, "SQL01", "SQLNODE1")
    holders = estate.directory.find_spn("MSSQLSvc/sql01.contoso.lab:1433")
    assert [entry.text("sAMAccountName") for entry in holders] == ["svc-sql"]
    assert scheme(estate) == scheme(estate, SQL01, port=1433) == "KERBEROS"
    assert estate.directory.find_by_sam("SQLNODE2$") is not None


@pytest.mark.parametrize("name", ["sql-name-twice", "sql-name-missing"])
def test_without_exactly_one_holder_windows_falls_back_to_ntlm(name: str) -> None:
    estate = Estate()
    apply(scenario(name), estate)
    assert scheme(estate) == "NTLM"


def listened(role: str) -> SqlServer:
    """The good instance as a replica in this role of a group with a listener."""
    server = Estate().sql_servers[SQL01]
    server.groups.append(AvailabilityGroup("AG", [Replica("SQL01", role)], [Listener("sqlag", 1433)]))
    return server


@pytest.mark.parametrize("host", ["sqlag", "SQLAG.contoso.lab"])
def test_a_listener_leads_to_the_primary_alone(host: str) -> None:
    assert listened("PRIMARY").listens_as(host)
    assert not listened("SECONDARY").listens_as(host)
    assert not listened("PRIMARY").listens_as("sqlag.elsewhere.lab")


def test_a_listener_is_served_under_its_own_name_for_clients_nodes_and_kerberos(tmp_path: Path) -> None:
    with serving_estate(tmp_path, scenario("sql-listener")) as served:
        assert served.book.locate("sqlag.contoso.lab", "tds").port != served.book.locate(SQL01, "tds").port
        estate = served.estate
        node = next(iter(estate.nodes.values()))
        assert node.can_connect("sqlag.contoso.lab", 1433) == ""
        assert scheme(estate, "sqlag") == "KERBEROS"
