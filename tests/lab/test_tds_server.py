"""The estate's SQL Server as python-tds, a client that we did not write, sees it."""

from __future__ import annotations

import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytds
import pytest
from pytds.login import SpnegoAuth

from tests.sql_estate import (
    ADMIN,
    ADMIN_PASSWORD,
    HOST,
    READER,
    READER_PASSWORD,
    SQL_LOGIN,
    SQL_PASSWORD,
    STRANGER,
    STRANGER_PASSWORD,
    SqlEstate,
    served,
)
from vmm_wizard.lab.logons import Credential


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[SqlEstate]:
    with served(tmp_path) as running:
        yield running


def connect(estate: SqlEstate, **how: Any) -> Any:
    how.setdefault("autocommit", True)
    how.setdefault("login_timeout", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        sock = socket.create_connection(("127.0.0.1", estate.port), 10)
        return pytds.connect(server=HOST, port=1433, sock=sock, disable_connect_retry=True, **how)


def windows(account: str, password: str) -> Any:
    return SpnegoAuth(account, password, protocol="ntlm")


def one_row(estate: SqlEstate, sql: str, parameters: Any = None, **how: Any) -> Any:
    how = how or {"user": SQL_LOGIN, "password": SQL_PASSWORD}
    with connect(estate, **how) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()[0]


def refusal(estate: SqlEstate, sql: str = "SELECT 1", **how: Any) -> tuple[int, str]:
    how = how or {"user": SQL_LOGIN, "password": SQL_PASSWORD}
    with pytest.raises(pytds.Error) as caught:
        one_row(estate, sql, **how)
    return caught.value.msg_no, str(caught.value)


# --- logons


def test_a_windows_account_logs_on_by_ntlm_and_is_sysadmin_through_its_group(estate: SqlEstate) -> None:
    row = one_row(
        estate,
        "SELECT SUSER_SNAME(), IS_SRVROLEMEMBER('sysadmin'), CAST(CONNECTIONPROPERTY('auth_scheme') AS nvarchar(40))",
        auth=windows(ADMIN, ADMIN_PASSWORD),
        cafile=str(estate.authority.file),
    )
    assert row == (ADMIN, 1, "NTLM")


def test_a_login_without_roles_is_no_sysadmin(estate: SqlEstate) -> None:
    assert one_row(estate, "SELECT IS_SRVROLEMEMBER('sysadmin')", auth=windows(READER, READER_PASSWORD)) == (0,)


def test_a_wrong_windows_password_is_18452_and_counts_once(estate: SqlEstate) -> None:
    number, text = refusal(estate, auth=windows(ADMIN, "wrong"))
    assert number == 18452
    assert "untrusted domain" in text
    assert estate.bad_logons(ADMIN) == 1


def test_an_account_of_an_unknown_domain_is_18452_and_counts_for_nobody(estate: SqlEstate) -> None:
    assert refusal(estate, auth=windows("FABRIKAM\\vmm-setup", ADMIN_PASSWORD))[0] == 18452
    assert estate.bad_logons(ADMIN) == 0


def test_a_proved_account_without_a_login_here_is_18456_and_is_no_bad_logon(estate: SqlEstate) -> None:
    number, text = refusal(estate, auth=windows(STRANGER, STRANGER_PASSWORD))
    assert (number, text) == (18456, f"(\"Login failed for user '{STRANGER.replace(chr(92), chr(92) * 2)}'.\", None)")
    assert estate.bad_logons(STRANGER) == 0


def test_three_wrong_passwords_lock_the_account_and_then_the_right_one_is_refused_too(estate: SqlEstate) -> None:
    for _ in range(3):
        refusal(estate, auth=windows(ADMIN, "wrong"))
    assert refusal(estate, auth=windows(ADMIN, ADMIN_PASSWORD))[0] == 18452


def test_a_disabled_account_is_refused_although_its_password_is_right(estate: SqlEstate) -> None:
    estate.logons.add(Credential(ADMIN, ADMIN_PASSWORD, "S-1-5-21-1-2-3-1101", "CN=x", state="disabled"))
    assert refusal(estate, auth=windows(ADMIN, ADMIN_PASSWORD))[0] == 18452


def test_a_wrong_sql_password_is_18456(estate: SqlEstate) -> None:
    assert refusal(estate, user=SQL_LOGIN, password="wrong")[0] == 18456


def test_an_absent_database_at_login_is_4060_followed_by_18456(estate: SqlEstate) -> None:
    number, text = refusal(estate, user=SQL_LOGIN, password=SQL_PASSWORD, database="Nowhere")
    assert 'Cannot open database "Nowhere"' in text
    assert number == 18456


# --- encryption


def test_everything_is_encrypted_for_a_client_that_asks_for_it(estate: SqlEstate) -> None:
    row = one_row(estate, "SELECT 7", user=SQL_LOGIN, password=SQL_PASSWORD, cafile=str(estate.authority.file))
    assert row == (7,)


def test_only_the_login_is_encrypted_for_a_client_that_asks_for_that(estate: SqlEstate) -> None:
    how = {"user": SQL_LOGIN, "password": SQL_PASSWORD, "cafile": str(estate.authority.file), "enc_login_only": True}
    assert one_row(estate, "SELECT 7", **how) == (7,)


def test_a_client_without_encryption_is_turned_away_when_the_server_forces_it(estate: SqlEstate) -> None:
    estate.state.force_encryption = True
    with pytest.raises(pytds.Error, match="required by server"):
        one_row(estate, "SELECT 7")


def test_a_server_without_a_certificate_refuses_encryption(tmp_path: Path) -> None:
    with (
        served(tmp_path, encrypted=False) as estate,
        pytest.raises(pytds.Error, match="not supported by server"),
    ):
        one_row(estate, "SELECT 7", user=SQL_LOGIN, password=SQL_PASSWORD, cafile=str(estate.authority.file))


# --- batches and calls


def test_server_properties_are_sql_variant_unless_they_are_cast(estate: SqlEstate) -> None:
    with connect(estate, user=SQL_LOGIN, password=SQL_PASSWORD) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT SERVERPROPERTY('EngineEdition'), CAST(SERVERPROPERTY('EngineEdition') AS int)")
        types = [column[1] for column in cursor.description]
        assert types == [0x62, 0x38]
        assert cursor.fetchall() == [(2, 2)]


def test_a_batch_gives_one_result_set_a_statement(estate: SqlEstate) -> None:
    with connect(estate, user=SQL_LOGIN, password=SQL_PASSWORD) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS a; SELECT N'zwei' AS b SELECT name FROM sys.databases WHERE name = 'payroll'")
        sets = [cursor.fetchall()]
        while cursor.nextset():
            sets.append(cursor.fetchall())
    assert sets == [[(1,)], [("zwei",)], [("Payroll",)]]


def test_parameters_arrive_with_their_types(estate: SqlEstate) -> None:
    values: dict[str, Any] = {
        "t": "Grüße; DROP DATABASE Payroll --",
        "n": -5,
        "b": 2**40,
        "f": 1.5,
        "z": None,
        "x": pytds.Binary(b"\x00\x01"),
    }
    row = one_row(estate, "SELECT %(t)s, %(n)s, %(b)s, %(f)s, %(z)s, %(x)s", values)
    assert row == tuple(values.values())


def test_a_long_text_goes_and_comes_back_whole(estate: SqlEstate) -> None:
    text = "lang " * 20_000
    assert one_row(estate, "SELECT %(t)s", {"t": text}) == (text,)


def test_a_permission_error_ends_its_statement_and_the_batch_goes_on(estate: SqlEstate) -> None:
    with connect(estate, auth=windows(READER, READER_PASSWORD)) as connection, connection.cursor() as cursor:
        with pytest.raises(pytds.Error) as caught:
            cursor.execute("SELECT servicename FROM sys.dm_server_services; SELECT 2")
        assert caught.value.msg_no == 300


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("SELECT * FROM sys.nothing", 208),
        ("SELECT missing FROM sys.databases", 207),
        ("USE Nowhere", 911),
        ("SELEKT 1", 102),
        ("SELECT 1 +", 102),
        ("SELECT 'open", 105),
        ("SELECT name FROM sys.databases LIMIT 1", 102),
        ("SELECT 'a' || 'b'", 102),
        ("SELECT group_concat(name) FROM sys.databases", 195),
        ("SELECT CAST('x' AS int)", 245),
        ("EXEC sp_nothing", 2812),
        ("SELECT @unknown", 137),
        ("CREATE DATABASE payroll", 1801),
        ("DROP DATABASE Nowhere", 3701),
    ],
)
def test_mistakes_have_sql_servers_numbers(estate: SqlEstate, sql: str, number: int) -> None:
    assert refusal(estate, sql)[0] == number


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("CREATE DATABASE New", 262),
        ("EXEC master.dbo.xp_fileexist N'C:\\x'", 229),
        ("USE Payroll", 916),
        ("SELECT name FROM Payroll.sys.tables", 916),
    ],
)
def test_what_a_reader_may_not_do_is_refused(estate: SqlEstate, sql: str, number: int) -> None:
    assert refusal(estate, sql, auth=windows(READER, READER_PASSWORD))[0] == number


def test_a_transaction_begins_and_is_committed(estate: SqlEstate) -> None:
    with connect(estate, user=SQL_LOGIN, password=SQL_PASSWORD, autocommit=False) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@TRANCOUNT")
            assert cursor.fetchall() == [(1,)]
        connection.commit()
        connection.rollback()


def test_an_attention_is_acknowledged_and_the_connection_goes_on(estate: SqlEstate) -> None:
    with connect(estate, user=SQL_LOGIN, password=SQL_PASSWORD) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT 2")
        cursor.cancel()
        cursor.execute("SELECT 3")
        assert cursor.fetchall() == [(3,)]


def test_a_database_made_by_one_client_is_seen_by_the_next(estate: SqlEstate) -> None:
    with connect(estate, user=SQL_LOGIN, password=SQL_PASSWORD) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE [Made Here]")
    assert one_row(estate, "SELECT DB_ID(N'made here')") == (7,)
    assert one_row(estate, "SELECT DB_ID(N'Nowhere')") == (None,)


# --- a port that does not answer


def test_a_silent_server_accepts_and_never_says_a_word(estate: SqlEstate) -> None:
    estate.server.behaviour = "silent"
    with socket.create_connection(("127.0.0.1", estate.port), 5) as client:
        client.sendall(b"\x12\x01\x00\x2f" + bytes(43))
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_a_refusing_server_keeps_its_port_and_comes_back_on_it(estate: SqlEstate) -> None:
    port = estate.port
    estate.server.behaviour = "refusing"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    estate.server.behaviour = "answering"
    assert estate.port == port
    assert one_row(estate, "SELECT 1") == (1,)


@pytest.mark.parametrize(
    "nonsense", [b"GET / HTTP/1.1\r\n\r\n", b"\x12\x01\x00\x08\x00\x00\x01\x00", b"\x10\x01\x00\x0c" + bytes(8)]
)
def test_nonsense_ends_the_connection_and_not_the_server(estate: SqlEstate, nonsense: bytes) -> None:
    with socket.create_connection(("127.0.0.1", estate.port), 5) as client:
        client.sendall(nonsense)
        client.shutdown(socket.SHUT_WR)
        client.settimeout(5)
        assert client.recv(1024) == b""
    assert one_row(estate, "SELECT 1") == (1,)
