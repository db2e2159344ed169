"""Foreign clients look at the estate after the product installed VMM on it, and see what the product says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.estates import ANSWERS, ServedEstate, contoso_plan, serving_estate
from tests.real.conftest import need
from tests.real.estate_proxy import EstateProxy
from tests.real.test_lab_tds import driver_18, freetds, log_on
from tests.real.test_lab_winrm import raw
from tests.test_cli import wizard
from vmm_wizard.addresses import Endpoint, Service
from vmm_wizard.facts.sql_client import SqlPassword, odbc_string
from vmm_wizard.lab.setup_run import DURATION
from vmm_wizard.plan.secrets import Secret

SQL = "sql01.contoso.lab"
NODE = "vmm01.contoso.lab"
INSTALLER = r"CONTOSO\vmm-setup"
DATABASES = "SELECT name FROM sys.databases ORDER BY name"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
    """An estate on which `vmm-wizard install` put VMM."""
    with serving_estate(tmp_path_factory.mktemp("estate")) as served:
        state = tmp_path_factory.mktemp("state")
        done = wizard(
            "install", ANSWERS / "contoso-ha.toml", "--yes", "--json", served=served, VMM_WIZARD_STATE=str(state)
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield served


def secret(served: ServedEstate, table: str, name: str) -> str:
    """A password by the estate's own file, as a user finds it."""
    document: dict[str, Any] = tomllib.loads((served.folder / "credentials.toml").read_text(encoding="utf-8"))
    password: str = document[table][name]
    return password


def endpoint(served: ServedEstate, host: str, service: Service) -> Endpoint:
    return served.book.locate(host, service)


def test_the_estates_own_account_tells_of_one_setup_a_node_and_nothing_left(installed: ServedEstate) -> None:
    state = json.loads((installed.folder / "state.json").read_text(encoding="utf-8"))
    setups = {name: [row["exit_code"] for row in rows] for name, rows in state["setups"].items()}
    assert setups == {NODE: [0], "vmm02.contoso.lab": [0], "vmm03.contoso.lab": []}
    took = [row["ended"] - row["started"] for rows in state["setups"].values() for row in rows]
    assert all(seconds >= DURATION for seconds in took), "estate time runs too fast"
    assert not any(state["tasks"].values())
    assert not any(state["run_folders"].values())
    assert state["bad_logons"] == {}
    assert state["roles"]["vmm"]["possible_owners"] == ["VMM01", "VMM02"]


def test_check_on_the_finished_estate_has_nothing_to_complain_about(installed: ServedEstate) -> None:
    findings = installed.check(contoso_plan()).findings
    assert {finding.status.value for finding in findings} == {"pass", "not_applicable"}
    after = {finding.id for finding in findings if finding.status.value == "pass" and finding.id.startswith("POST-")}
    assert after == {"POST-01", "POST-02", "POST-03", "POST-04"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("(&(objectClass=computer)(sAMAccountName=vmm$))", "CN=VMM,OU=Clusters,DC=contoso,DC=lab"),
        ("(objectClass=serviceConnectionPoint)", "CN=MSVMM,CN=VMM,OU=Clusters,DC=contoso,DC=lab"),
        ("(servicePrincipalName=SCVMM/vmm.contoso.lab)", "CN=svc-vmm,OU=Service Accounts,DC=contoso,DC=lab"),
    ],
)
def test_ldapsearch_finds_what_setup_made(installed: ServedEstate, wanted: str, found: str) -> None:
    program = shutil.which("ldapsearch")
    need(program is not None, "ldapsearch is not installed (Debian package ldap-utils)")
    assert program is not None
    where = endpoint(installed, "dc01.contoso.lab", "ldap")
    command = [program, "-x", "-LLL", "-o", "ldif-wrap=no", "-ZZ", "-H", f"ldap://localhost:{where.port}"]
    command += ["-D", INSTALLER, "-w", secret(installed, "accounts", INSTALLER), "-b", "DC=contoso,DC=lab"]
    done = subprocess.run(
        [*command, wanted, "1.1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        # OpenLDAP wants this machine's name in a certificate, the estate's name their hosts: see test_lab_ldap.py.
        env=os.environ | {"LDAPTLS_CACERT": str(installed.book.ca_file), "LDAPTLS_REQCERT": "never"},
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("dn: ")] == [f"dn: {found}"]


def test_freetds_sees_the_database_as_the_estates_sql_login(installed: ServedEstate) -> None:
    string = (
        f"DRIVER={freetds()};SERVER=127.0.0.1;PORT={endpoint(installed, SQL, 'tds').port};TDS_Version=7.4;"
        f"Encryption=require;UID=lab-driver-test;PWD={secret(installed, 'sql_logins', 'lab-driver-test')};"
    )
    assert "VirtualManagerDB" in [name for (name,) in log_on(string, DATABASES, ())[0]]


def test_driver_18_sees_the_database_over_tls_that_it_verifies(installed: ServedEstate) -> None:
    login = SqlPassword("lab-driver-test", Secret(secret(installed, "sql_logins", "lab-driver-test")))
    string = odbc_string(driver_18(), endpoint(installed, SQL, "tds"), 10, login)
    answer = log_on(string, DATABASES, (), ca_file=Path(str(installed.book.ca_file)))
    assert "VirtualManagerDB" in [name for (name,) in answer[0]]


def test_python_tds_sees_the_database_by_ntlm(installed: ServedEstate) -> None:
    import pytds
    from pytds.login import SpnegoAuth

    auth = SpnegoAuth(INSTALLER, secret(installed, "accounts", INSTALLER), protocol="ntlm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        connection = pytds.connect(
            dsn="127.0.0.1",
            port=endpoint(installed, SQL, "tds").port,
            database="VirtualManagerDB",
            auth=auth,
            cafile=installed.book.ca_file,
            validate_host=False,
        )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT DB_NAME(), SUSER_SNAME()")
        assert cursor.fetchall() == [("VirtualManagerDB", INSTALLER)]


@pytest.mark.parametrize(("service", "transport"), [("winrm_http", "ntlm"), ("winrm_https", "basic")])
def test_ansible_greets_a_node_by_its_name(
    installed: ServedEstate, tmp_path: Path, service: Service, transport: str
) -> None:
    password = secret(installed, "accounts", INSTALLER)
    where = endpoint(installed, NODE, service)
    (server,) = [row for row in installed.estate.nodes[NODE].services if row.port == where.port]
    with EstateProxy() as proxy:
        ca_file = str(installed.book.ca_file)
        done = raw(server, "hostname", transport, tmp_path, ca_file, password, host=NODE, proxy=proxy.url)
    assert "rc=0" in done.stdout, done.stdout + done.stderr
    assert "VMM01" in done.stdout
    assert proxy.asked_for == {f"{NODE}:{where.port}"}
