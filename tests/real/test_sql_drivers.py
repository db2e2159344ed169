"""The same facts through Microsoft's ODBC driver 18, FreeTDS and python-tds, from every kind of server."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.estates import ServedEstate, serving_estate
from tests.real.test_lab_tds import driver_18, freetds
from vmm_wizard.facts.database import ask_database
from vmm_wizard.facts.model import SqlFacts
from vmm_wizard.facts.questions import SqlQuestion, Trust
from vmm_wizard.lab import contoso
from vmm_wizard.lab.scenarios import Scenario
from vmm_wizard.lab.sql import VMM_TABLES, Backup, ClientSession, Database
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName, SqlTarget

#: A group on the case-sensitive server, which is its primary; another server is a secondary in one.
GROUPS = Scenario(
    "groups",
    "",
    "",
    (),
    "",
    (
        {
            "kind": "availability_group",
            "server": "sql04.contoso.lab",
            "name": "AG [1]",
            "others": ["SQL05", "SQL06\\X"],
            "listener": "sqlag",
            "databases": ["OldVMM", "Inventory"],
        },
        {"kind": "availability_group", "server": "sql02.contoso.lab", "name": "AG2", "role": "SECONDARY"},
        {"kind": "sql_file", "server": "sql01.contoso.lab", "file": "VirtualManagerDB_log.ldf"},
        {"kind": "sql_server", "server": "sql03.contoso.lab", "set": {"force_encryption": True}},
    ),
)

#: Instance by server: a failover cluster instance, a named one, Express, a case-sensitive one that is in a group.
SERVERS = {"sql01": "", "sql02": "VMM", "sql03": "SQLEXPRESS", "sql04": ""}
DATABASES = ["VirtualManagerDB", "OldVMM", "inventory", "Übergröße [1] 'x' ? 100%"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
    with serving_estate(tmp_path_factory.mktemp("estate"), GROUPS) as running:
        for server in running.estate.sql_servers.values():
            moment = server.now()
            server.now = lambda moment=moment: moment  # type: ignore[misc]
            old = Database("OldVMM", server.collation, owners=["CONTOSO\\svc-vmm"], tables=[*VMM_TABLES, "tbl_Other"])
            old.settings = {"ServerVersion": "10.19.2445.0", "UpgradeTime": "never"}
            old.backups += [Backup("D", "SIMPLE", moment), Backup("D", "FULL", moment), Backup("L", "FULL", moment)]
            server.databases += [old, Database(DATABASES[3], server.collation, owner="CONTOSO\\sql-admin")]
            server.clients.append(ClientSession("OLDVMM01", "VMM", "CONTOSO\\svc-oldvmm", "OldVMM"))
        yield running


def by_python_tds(served: ServedEstate, label: str, database: str) -> SqlFacts:
    """As the product asks by default: NTLM over TLS that is verified."""
    host = f"{label}.{contoso.DOMAIN}"
    account = AccountName.parse(f"{contoso.NETBIOS}\\{contoso.INSTALLER}")
    question = SqlQuestion(
        host, SqlTarget(label, SERVERS[label]), False, database, account, Authentication.NTLM, trust(served)
    )
    facts = ask_database(question, served.secrets.get(account), served.book, 20.0)
    assert isinstance(facts, SqlFacts), facts
    return facts


def trust(served: ServedEstate) -> Trust:
    return Trust(str(served.folder / "ca.pem"))


def by_odbc(served: ServedEstate, label: str, database: str, driver: str, shown_port: int, login: str = "") -> str:
    """The facts' repr (with `login`, the row about it as JSON), from a process of its own."""
    host = f"{label}.{contoso.DOMAIN}"
    logins = tomllib.loads((served.folder / "credentials.toml").read_text(encoding="utf-8"))["sql_logins"]
    password = logins[contoso.SQL_LOGIN]
    port = served.serving.tds[host].port
    asked: dict[str, Any] = {"host": host, "port": port, "database": database, "shown_port": shown_port}
    asked["login"] = login
    if driver == "FreeTDS":
        asked["string"] = (
            f"DRIVER={freetds()};SERVER=127.0.0.1;PORT={port};UID={contoso.SQL_LOGIN};PWD={{{password}}};"
            "TDS_Version=7.4;Encryption=require;ClientCharset=UTF-8;"
        )
    else:
        asked |= {"driver": driver_18(), "user": contoso.SQL_LOGIN, "password": password}
    done = subprocess.run(
        [sys.executable, "-m", "tests.real.odbc_probe"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "SSL_CERT_FILE": str(served.folder / "ca.pem")},
        cwd=Path(__file__).parent.parent.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("label", SERVERS)
@pytest.mark.parametrize("driver", ["FreeTDS", "Microsoft"])
def test_a_driver_tells_the_same_facts_as_python_tds(
    served: ServedEstate, driver: str, label: str, database: str
) -> None:
    facts = by_python_tds(served, label, database)
    other = by_odbc(served, label, database, driver, facts.port)
    same = dataclasses.replace(
        facts, logged_on_as=contoso.SQL_LOGIN, asked_as="", driver="driver, a login", auth_scheme="SQL"
    )
    assert other == repr(same)


@pytest.mark.parametrize("driver", ["FreeTDS", "Microsoft"])
def test_a_driver_tells_whether_an_account_has_a_login(served: ServedEstate, driver: str) -> None:
    for account, logins in ((contoso.INSTALLER, 1), (contoso.SERVICE, 0)):
        row = json.loads(by_odbc(served, "sql01", DATABASES[0], driver, 1433, f"{contoso.NETBIOS}\\{account}"))
        assert row == {"sysadmin": 1, "view_definition": 1, "logins": logins}


def test_the_servers_are_as_different_as_they_should_be(served: ServedEstate) -> None:
    """What is compared above is worth comparing: each kind of answer is there somewhere, none is always empty."""
    found = {label: by_python_tds(served, label, "OldVMM") for label in SERVERS}
    assert [facts.is_clustered for facts in found.values()] == [True, False, False, False]
    assert [facts.instance for facts in found.values()] == ["", "VMM", "SQLEXPRESS", ""]
    assert [facts.engine_edition for facts in found.values()] == [2, 2, 4, 2]
    assert [facts.replica_role for facts in found.values()] == ["", "SECONDARY", "", "PRIMARY"]
    assert found["sql03"].force_encryption is True
    old = found["sql04"].database
    assert old is not None
    assert (old.availability_group, old.is_vmm, old.table_count) == ("AG [1]", True, 3)
    assert old.versions == {"ServerVersion": "10.19.2445.0"}
    assert [user.host for user in old.users or ()] == ["OLDVMM01"]
    assert [row.sid.startswith("S-1-5-21-") for row in old.owners or ()] == [False, True]
    assert [row.server for row in found["sql04"].replicas or ()] == ["SQL05", "SQL06\\X"]
    absent = {label: by_python_tds(served, label, "VirtualManagerDB") for label in SERVERS}
    assert absent["sql01"].leftover_files == ("L:\\Log\\VirtualManagerDB_log.ldf",)
    assert by_python_tds(served, "sql04", "inventory").database is None, "names differ by case there"
