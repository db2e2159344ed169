"""Foreign SQL clients against the estate's SQL Server: FreeTDS, Microsoft's ODBC driver 18, and python-tds alone."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.certificate_authority import CertificateAuthority
from tests.real.conftest import need
from tests.sql_estate import ADMIN, ADMIN_PASSWORD, HOST, SQL_LOGIN, SQL_PASSWORD, SqlEstate, served
from vmm_wizard.addresses import AddressBook, Endpoint
from vmm_wizard.facts.database import ask_database
from vmm_wizard.facts.model import NoAnswer, SqlFacts
from vmm_wizard.facts.questions import SqlQuestion, Trust
from vmm_wizard.facts.sql_client import SqlPassword, odbc_string
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName, SqlTarget
from vmm_wizard.plan.secrets import Secret

HELLO = "SELECT SUSER_SNAME(), CAST(SERVERPROPERTY('Edition') AS nvarchar(128)), ?, ?; SELECT 2"
VALUES = ("Grüße", 42)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[SqlEstate]:
    with served(tmp_path) as running:
        yield running


def freetds() -> str:
    """FreeTDS' name in the ODBC registry."""
    try:
        import pyodbc
    except ImportError as error:
        need(False, f"pyodbc cannot be loaded ({error}): install unixodbc")
        raise
    need("FreeTDS" in pyodbc.drivers(), "FreeTDS is not registered with ODBC: install tdsodbc")
    return "FreeTDS"


def driver_18() -> str:
    """The file of Microsoft's ODBC driver 18, from the package mssql-python-odbc."""
    try:
        import pyodbc  # noqa: F401 - it needs the system's libodbc
    except ImportError as error:
        need(False, f"pyodbc cannot be loaded ({error}): install unixodbc")
    package = importlib.util.find_spec("mssql_python_odbc")
    need(package is not None, "Microsoft's ODBC driver is not there: install mssql-python-odbc")
    assert package is not None
    assert package.origin is not None
    found = sorted(Path(package.origin).parent.glob("libs/linux/debian_ubuntu/*/lib/libmsodbcsql*"))
    need(bool(found), "mssql-python-odbc holds no driver for this system")
    return str(found[0])


def log_on(
    string: str,
    sql: str = HELLO,
    values: Sequence[object] = VALUES,
    *,
    ca_file: Path | None = None,
    autocommit: bool = True,
) -> Any:
    """What `odbc_login` prints: result sets, or a list with SQLSTATE and text."""
    environment = {**os.environ, **({"SSL_CERT_FILE": str(ca_file)} if ca_file else {})}
    asked = {"string": string, "sql": sql, "values": list(values), "autocommit": autocommit}
    done = subprocess.run(
        [sys.executable, "-m", "tests.real.odbc_login"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer.get("rows", answer.get("error"))


def freetds_string(estate: SqlEstate, password: str = SQL_PASSWORD, encryption: str = "off") -> str:
    return (
        f"DRIVER={freetds()};SERVER=127.0.0.1;PORT={estate.port};UID={SQL_LOGIN};PWD={password};"
        f"TDS_Version=7.4;Encryption={encryption};ClientCharset=UTF-8;"
    )


def microsoft_string(estate: SqlEstate, password: str = SQL_PASSWORD, host: str = HOST) -> str:
    endpoint = Endpoint(host, "127.0.0.1", estate.port, 1433)
    return odbc_string(driver_18(), endpoint, 10, SqlPassword(SQL_LOGIN, Secret(password)))


EXPECTED = [[[SQL_LOGIN, "Standard Edition (64-bit)", "Grüße", 42]], [[2]]]

# --- FreeTDS


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("encryption", ["off", "request", "require"])
def test_freetds_logs_on_and_reads(estate: SqlEstate, encryption: str, autocommit: bool) -> None:
    assert log_on(freetds_string(estate, encryption=encryption), autocommit=autocommit) == EXPECTED


def test_freetds_logs_on_with_its_own_ntlm(estate: SqlEstate) -> None:
    string = freetds_string(estate, ADMIN_PASSWORD, "require").replace(f"UID={SQL_LOGIN}", f"UID={ADMIN}")
    assert log_on(string, "SELECT SUSER_SNAME()", ()) == [[[ADMIN]]]
    log_on(string.replace(ADMIN_PASSWORD, "wrong"))
    assert estate.bad_logons(ADMIN) == 1


def test_freetds_is_told_a_wrong_password_by_its_native_number(estate: SqlEstate) -> None:
    state, text = log_on(freetds_string(estate, password="wrong"))
    assert (state, "(18456)" in text) == ("42000", True)


def test_freetds_cannot_read_a_server_property_that_is_not_cast(estate: SqlEstate) -> None:
    answer = log_on(freetds_string(estate), "SELECT SERVERPROPERTY('EngineEdition')", ())
    assert answer != [[[2]]]


def test_freetds_without_encryption_is_turned_away_when_it_is_forced(estate: SqlEstate) -> None:
    estate.state.force_encryption = True
    answer = log_on(freetds_string(estate, encryption="off"))
    assert isinstance(answer[0], str)


# --- Microsoft's driver 18


@pytest.mark.parametrize("autocommit", [True, False])
def test_driver_18_logs_on_over_tls_that_it_verifies(estate: SqlEstate, autocommit: bool) -> None:
    answer = log_on(microsoft_string(estate), ca_file=estate.authority.file, autocommit=autocommit)
    assert answer == EXPECTED


def test_driver_18_logs_on_where_encryption_is_forced(estate: SqlEstate) -> None:
    estate.state.force_encryption = True
    assert log_on(microsoft_string(estate), ca_file=estate.authority.file) == EXPECTED


def test_driver_18_without_encryption_still_encrypts_the_login(estate: SqlEstate) -> None:
    string = microsoft_string(estate).replace("Encrypt=yes", "Encrypt=no")
    assert log_on(string, ca_file=estate.authority.file) == EXPECTED


def test_driver_18_refuses_an_unknown_authority(estate: SqlEstate, tmp_path: Path) -> None:
    stranger = CertificateAuthority(tmp_path / "other")
    state, text = log_on(microsoft_string(estate), ca_file=stranger.file)
    assert state == "08001"
    assert "certificate verify failed" in text


def test_driver_18_refuses_a_certificate_for_another_name(estate: SqlEstate) -> None:
    state, text = log_on(microsoft_string(estate, host="sql02.contoso.lab"), ca_file=estate.authority.file)
    assert state == "08001"
    assert "certificate" in text.lower()


def test_driver_18_is_told_a_wrong_password_by_its_native_number(estate: SqlEstate) -> None:
    state, text = log_on(microsoft_string(estate, password="wrong"), ca_file=estate.authority.file)
    assert (state, "(18456)" in text) == ("28000", True)


def test_driver_18_is_told_an_absent_database_by_its_native_number(estate: SqlEstate) -> None:
    _, text = log_on(microsoft_string(estate) + "DATABASE=Nowhere;", ca_file=estate.authority.file)
    assert "(4060)" in text


def test_driver_18_cannot_read_an_integer_server_property_that_is_not_cast(estate: SqlEstate) -> None:
    answer = log_on(
        microsoft_string(estate), "SELECT SERVERPROPERTY('EngineEdition')", (), ca_file=estate.authority.file
    )
    assert "-16" in str(answer)


def test_driver_18_takes_a_domain_user_in_uid_for_a_sql_login(estate: SqlEstate) -> None:
    string = microsoft_string(estate).replace(f"UID={SQL_LOGIN}", f"UID={ADMIN}")
    _, text = log_on(string, ca_file=estate.authority.file)
    assert "(18456)" in text


@pytest.mark.parametrize("database", ["Payroll", "OldVMM", "VirtualManagerDB", "a]b '@x' ? 100%"])
def test_the_probe_reads_the_same_through_driver_18_as_through_python_tds(estate: SqlEstate, database: str) -> None:
    moment = estate.state.now()
    estate.state.now = lambda: moment
    if "?" in database:
        estate.state.create_database(database, ADMIN)
    asked_for = {
        "driver": driver_18(),
        "host": HOST,
        "port": estate.port,
        "user": SQL_LOGIN,
        "password": SQL_PASSWORD,
        "database": database,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.real.odbc_probe"],
        input=json.dumps(asked_for),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "SSL_CERT_FILE": str(estate.authority.file)},
        cwd=Path(__file__).parent.parent.parent,
    )
    assert done.returncode == 0, done.stderr
    facts = asked(estate, database=database)
    assert isinstance(facts, SqlFacts)
    as_driver = dataclasses.replace(
        facts, logged_on_as=SQL_LOGIN, asked_as="", driver="driver, a login", auth_scheme="SQL"
    )
    assert done.stdout == repr(as_driver)


# --- python-tds with the TLS it brings, and our probe


def test_python_tds_logs_on_with_ntlm_over_its_own_tls(estate: SqlEstate) -> None:
    import pytds
    from pytds.login import SpnegoAuth

    auth = SpnegoAuth(ADMIN, ADMIN_PASSWORD, protocol="ntlm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        connection = pytds.connect(
            dsn="127.0.0.1", port=estate.port, auth=auth, cafile=str(estate.authority.file), validate_host=False
        )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT SUSER_SNAME(), IS_SRVROLEMEMBER('sysadmin')")
        assert cursor.fetchall() == [(ADMIN, 1)]


def asked(
    estate: SqlEstate, host: str = HOST, ca_file: Path | None = None, database: str = "Payroll"
) -> SqlFacts | NoAnswer:
    trust = Trust(str(ca_file or estate.authority.file))
    account = AccountName.parse(ADMIN)
    question = SqlQuestion(host, SqlTarget(host), False, database, account, Authentication.NTLM, trust)
    book = AddressBook(Path("book"), {host: {"address": "127.0.0.1", "tds": estate.port}})
    return ask_database(question, Secret(ADMIN_PASSWORD), book, 10.0)


def test_the_probe_refuses_what_driver_18_refuses(estate: SqlEstate, tmp_path: Path) -> None:
    stranger = CertificateAuthority(tmp_path / "other")
    for answer in (asked(estate, ca_file=stranger.file), asked(estate, host="sql02.contoso.lab")):
        assert isinstance(answer, NoAnswer)
        assert answer.code == "certificate"
    assert isinstance(asked(estate), SqlFacts)
