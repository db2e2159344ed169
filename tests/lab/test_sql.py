"""What an estate SQL Server is and allows, asked through its state and its T-SQL without a wire between."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sql_estate import ADMIN, READER, STRANGER, sql_state
from vmm_wizard.lab.sql import AvailabilityGroup, Database, Listener, Replica, ServerLogin, SqlServer
from vmm_wizard.lab.sql_engine import DatabaseChanged, Outcome, SqlSession
from vmm_wizard.lab.tds_login import Encryption, Wish, agreed_encryption, read_login, read_prelogin
from vmm_wizard.lab.tds_tokens import ProtocolError, ResultSet, SqlError, Variant
from vmm_wizard.lab.tsql import statements, tokens


def outcomes(server: SqlServer, sql: str, account: str = ADMIN, **variables: str | int | None) -> list[Outcome]:
    session = SqlSession(server, server.windows_principal(account))
    return list(session.run(sql, {f"@{name}": value for name, value in variables.items()}))


def rows(server: SqlServer, sql: str, account: str = ADMIN, **variables: str | int | None) -> object:
    (outcome,) = outcomes(server, sql, account, **variables)
    assert isinstance(outcome, ResultSet), outcome
    return list(outcome.rows)


def number_of(server: SqlServer, sql: str, account: str = ADMIN) -> int:
    last = outcomes(server, sql, account)[-1]
    assert isinstance(last, SqlError), last
    return last.number


# --- who may what


def test_a_group_lets_its_members_in_and_makes_them_sysadmin() -> None:
    server = sql_state()
    assert server.is_sysadmin(ADMIN)
    assert not server.is_sysadmin(READER)
    assert not server.is_sysadmin(STRANGER)


def test_one_disabled_login_among_several_keeps_an_account_out() -> None:
    server = sql_state()
    server.logins.append(ServerLogin(ADMIN, "S-1-5-21-1-2-3-1101", disabled=True))
    with pytest.raises(SqlError) as caught:
        server.windows_principal(ADMIN)
    assert caught.value.number == 18456


def test_setup_makes_a_database_that_its_account_owns() -> None:
    told: list[str] = []
    server = sql_state(changed=lambda: told.append("changed"))
    made = server.create_database("VirtualManagerDB", ADMIN)
    assert (made.owner, made.collation, made.is_vmm) == (ADMIN, server.collation, False)
    assert server.has_database("virtualmanagerdb")
    assert told == ["changed"]
    server.drop_database("VirtualManagerDB", ADMIN)
    assert not server.has_database("VirtualManagerDB")


@pytest.mark.parametrize(
    ("account", "name", "number", "sentence"),
    [
        (ADMIN, "payroll", 1801, "Database 'payroll' already exists. Choose a different database name."),
        (ADMIN, "MASTER", 1801, "Database 'MASTER' already exists. Choose a different database name."),
        (READER, "New", 262, "CREATE DATABASE permission denied in database 'master'."),
        (STRANGER, "New", 18456, f"Login failed for user '{STRANGER}'."),
    ],
)
def test_a_database_that_cannot_be_made_is_refused_in_sql_servers_words(
    account: str, name: str, number: int, sentence: str
) -> None:
    with pytest.raises(SqlError) as caught:
        sql_state().create_database(name, account)
    assert (caught.value.number, caught.value.message) == (number, sentence)


def test_a_dbcreator_may_make_databases_and_drop_them() -> None:
    server = sql_state()
    next(login for login in server.logins if login.name == READER).roles.add("dbcreator")
    server.create_database("New", READER)
    server.drop_database("New", READER)


def test_a_reader_cannot_drop_what_is_not_his() -> None:
    with pytest.raises(SqlError) as caught:
        sql_state().drop_database("Payroll", READER)
    assert caught.value.number == 3701


def test_names_differ_by_case_on_a_case_sensitive_instance_only() -> None:
    server = sql_state(collation="Latin1_General_100_CS_AS")
    assert rows(server, "SELECT DB_ID(N'payroll'), DB_ID(N'Payroll')") == [(None, 5)]
    assert rows(server, "SELECT name FROM sys.databases WHERE name = N'PAYROLL'") == []
    server.create_database("payroll", ADMIN)
    assert sql_state().database("payROLL") is not None


# --- T-SQL


def test_properties_are_variants_and_cast_makes_them_plain() -> None:
    server = sql_state(instance="VMM")
    found = rows(
        server,
        "SELECT SERVERPROPERTY('InstanceName'), CAST(SERVERPROPERTY('InstanceName') AS nvarchar(2)), "
        "CAST(SERVERPROPERTY('IsClustered') AS bit), SERVERPROPERTY('NoSuchProperty')",
    )
    assert found == [(Variant("VMM"), "VM", 0, None)]


def test_expressions_have_no_name_and_aliases_have() -> None:
    (result,) = outcomes(sql_state(), "SELECT 1, 2 AS two, name, LEN('x') FROM sys.databases WHERE database_id = 1")
    assert isinstance(result, ResultSet)
    assert result.columns == ("", "two", "name", "")


def test_top_union_and_comments_are_understood() -> None:
    server = sql_state()
    assert rows(server, "SELECT TOP (1) name /* the first */ FROM sys.databases -- of all") == [("master",)]
    assert rows(server, "SELECT 1 AS n UNION ALL SELECT 2") == [(1,), (2,)]


def test_text_is_joined_with_plus_and_quotes_are_doubled() -> None:
    assert rows(sql_state(), "SELECT N'it''s ' + @what, QUOTENAME(N'a]b'), 1 + 2", what="so") == [
        ("it's so", "[a]]b]", 3)
    ]


def test_a_date_is_text_only_when_it_is_converted() -> None:
    moment = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
    server = sql_state(now=lambda: moment)
    found = rows(server, "SELECT SYSUTCDATETIME(), CONVERT(nvarchar(33), SYSUTCDATETIME(), 126)")
    assert found == [(moment.replace(tzinfo=None), "2026-03-01T12:30:15.250000")]


def test_use_goes_to_a_database_and_its_views_follow() -> None:
    found = outcomes(sql_state(), "USE [OldVMM]; SELECT DB_NAME(), COUNT(*) FROM sys.tables")
    assert found[0] == DatabaseChanged("OldVMM", "master")
    assert isinstance(found[1], ResultSet)
    assert found[1].rows == (("OldVMM", 3),)


def test_tables_of_another_database_are_found_by_a_quoted_name() -> None:
    server = sql_state()
    server.databases.append(Database("a].b", "x", tables=["tbl_ADHC_Library"]))
    found = rows(server, "SELECT OBJECT_ID(QUOTENAME(@db) + N'.dbo.tbl_ADHC_Library', N'U') AS id", db="a].b")
    assert found == [(1000,)]
    assert rows(server, "SELECT OBJECT_ID(N'Payroll.dbo.tbl_ADHC_Library') AS id") == [(None,)]


def test_sp_executesql_runs_with_its_own_parameters() -> None:
    found = outcomes(sql_state(), "EXEC sp_executesql N'SELECT @a AS a', N'@a nvarchar(9)', @a = N'x'")
    assert found == [ResultSet(("a",), (("x",),))]


def test_the_registry_tells_force_encryption_and_nothing_else() -> None:
    key = "N'HKEY_LOCAL_MACHINE', N'Software\\Microsoft\\Microsoft SQL Server\\MSSQLServer\\SuperSocketNetLib'"
    server = sql_state(force_encryption=True)
    assert rows(server, f"EXEC master.dbo.xp_instance_regread {key}, N'ForceEncryption'") == [("ForceEncryption", 1)]
    assert number_of(server, f"EXEC master.dbo.xp_instance_regread {key}, N'Certificate'") == 22001


def test_a_reader_sees_neither_groups_nor_files_and_is_refused_the_state_views() -> None:
    server = sql_state()
    server.groups.append(AvailabilityGroup("AG1", [Replica("SQL01", "PRIMARY")], [Listener("l", 1433)], ["Payroll"]))
    for view in ("availability_groups", "availability_databases_cluster", "master_files"):
        assert rows(server, f"SELECT * FROM sys.{view}", READER) == []
        assert rows(server, f"SELECT * FROM sys.{view}", ADMIN) != []
    assert number_of(server, "SELECT * FROM sys.dm_hadr_availability_replica_states", READER) == 300
    assert rows(server, "SELECT sys.fn_hadr_is_primary_replica(N'Payroll')") == [(1,)]


def test_a_batch_goes_on_after_a_missing_permission_and_ends_at_a_mistake() -> None:
    server = sql_state()
    kinds = [type(row).__name__ for row in outcomes(server, "CREATE DATABASE x; SELECT 1", READER)]
    assert kinds == ["SqlError", "ResultSet"]
    kinds = [type(row).__name__ for row in outcomes(server, "SELECT * FROM sys.nope; SELECT 1")]
    assert kinds == ["SqlError"]


@given(st.text(max_size=200))
def test_any_batch_ends_in_outcomes_and_never_in_an_exception(text: str) -> None:
    for outcome in outcomes(sql_state(), text):
        assert outcome is not None


@given(
    st.lists(
        st.sampled_from(
            [
                "SELECT",
                "CAST",
                "(",
                ")",
                "AS",
                "[",
                "]",
                "'",
                ",",
                "+",
                "@a",
                "N'x'",
                "sys",
                ".",
                "TOP",
                "EXEC",
                "IF",
                ";",
                "1",
                "USE",
                "CONVERT",
            ]
        ),
        max_size=14,
    )
)
def test_any_heap_of_sql_words_ends_in_outcomes_and_never_in_an_exception(words: list[str]) -> None:
    for outcome in outcomes(sql_state(), " ".join(words), a="x"):
        assert outcome is not None


@given(st.text(max_size=50))
def test_a_text_literal_is_one_token_whatever_it_holds(text: str) -> None:
    literal = "N'" + text.replace("'", "''") + "'"
    (statement,) = statements(f"SELECT {literal}")
    assert [token.kind for token in statement] == ["word", "string"]
    assert tokens(literal)[0].text == text


# --- PRELOGIN and LOGIN7


@pytest.mark.parametrize(
    ("offer", "wish", "answer"),
    [
        (Encryption.OFFERED, Wish.OFF, Wish.OFF),
        (Encryption.OFFERED, Wish.ON, Wish.ON),
        (Encryption.OFFERED, Wish.NOT_SUPPORTED, Wish.NOT_SUPPORTED),
        (Encryption.REQUIRED, Wish.OFF, Wish.REQUIRED),
        (Encryption.REQUIRED, Wish.ON, Wish.ON),
        (Encryption.REQUIRED, Wish.NOT_SUPPORTED, Wish.REQUIRED),
        (Encryption.UNSUPPORTED, Wish.OFF, Wish.NOT_SUPPORTED),
        (Encryption.UNSUPPORTED, Wish.ON, Wish.NOT_SUPPORTED),
    ],
)
def test_encryption_is_agreed_by_microsofts_table(offer: Encryption, wish: Wish, answer: Wish) -> None:
    assert agreed_encryption(offer, wish) is answer


@given(st.binary(max_size=120))
def test_any_bytes_are_a_login_or_a_protocol_error(data: bytes) -> None:
    for read in (read_prelogin, read_login):
        try:
            read(data)
        except (ProtocolError, UnicodeDecodeError):
            continue


def test_a_login_record_does_not_show_its_password() -> None:
    user, password = "sa".encode("utf-16-le"), "canary".encode("utf-16-le")
    scrambled = bytes(((byte << 4 | byte >> 4) & 0xFF) ^ 0xA5 for byte in password)
    record = bytearray(94)
    record[40:44] = (94).to_bytes(2, "little") + (2).to_bytes(2, "little")
    record[44:48] = (98).to_bytes(2, "little") + (6).to_bytes(2, "little")
    login = read_login(bytes(record) + user + scrambled)
    assert (login.user, login.password) == ("sa", "canary")
    assert "canary" not in repr(login)
