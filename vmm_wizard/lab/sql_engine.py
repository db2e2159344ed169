"""Batches of T-SQL evaluated over the state of one estate SQL Server, as one logged-on session may see it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vmm_wizard.lab.sql import Principal, SqlServer
from vmm_wizard.lab.sql_functions import Scalar, SessionFunctions, unwrap
from vmm_wizard.lab.sql_views import DATABASE_VIEWS, STATE_VIEWS, fill
from vmm_wizard.lab.tds_tokens import ENV_BEGIN, ENV_COMMIT, ENV_ROLLBACK, ResultSet, SqlError, Value
from vmm_wizard.lab.tsql import SelectTranslator, Token, quote_name, statements, syntax_error

#: Errors after which a batch goes on with its next statement (permission and procedure errors).
_STATEMENT_ERRORS = frozenset({229, 262, 297, 300, 916, 1801, 3701, 15247, 22001})

#: Functions that mean the same to sqlite and to SQL Server.
_SHARED_FUNCTIONS = frozenset(
    {
        "abs",
        "avg",
        "coalesce",
        "count",
        "iif",
        "like",
        "lower",
        "max",
        "min",
        "nullif",
        "replace",
        "round",
        "sum",
        "upper",
    }
)

_NETWORK_KEY = "software\\microsoft\\microsoft sql server\\mssqlserver\\supersocketnetlib"


@dataclass(frozen=True, slots=True)
class Nothing:
    """A statement that gave no rows."""


@dataclass(frozen=True, slots=True)
class DatabaseChanged:
    """USE: the session's database is another one now."""

    new: str
    old: str


@dataclass(frozen=True, slots=True)
class TransactionChanged:
    """A transaction began, was committed or rolled back (an ENVCHANGE kind)."""

    kind: int


Outcome = ResultSet | Nothing | DatabaseChanged | TransactionChanged | SqlError


class SqlSession:
    """One connection's session. `run` evaluates batches; nothing is kept between them but database and transaction."""

    def __init__(
        self, server: SqlServer, principal: Principal, database: str = "", host: str = "", application: str = ""
    ) -> None:
        self._server = server
        self._principal = principal
        self._functions = SessionFunctions(server, principal, "master", host, application)
        if database:
            self._enter(database)

    @property
    def database(self) -> str:
        """The current database."""
        return self._functions.database

    @property
    def principal(self) -> Principal:
        """Who is logged on."""
        return self._principal

    def run(self, text: str, variables: Mapping[str, Value] | None = None) -> Iterator[Outcome]:
        """Evaluate a batch. Yields one outcome a statement; after an error that ends the batch, nothing more."""
        try:
            parsed = statements(text)
        except SqlError as problem:
            yield problem
            return
        for statement in parsed:
            try:
                yield from self._run_one(statement, variables or {})
            except SqlError as problem:
                yield problem
                if problem.number not in _STATEMENT_ERRORS:
                    return

    def change_transaction(self, kind: int) -> None:
        """Note that a transaction began (8), was committed (9) or rolled back (10)."""
        self._functions.transactions = 1 if kind == ENV_BEGIN else 0

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._functions.transactions > 0

    # --- statements

    def _run_one(self, statement: Sequence[Token], variables: Mapping[str, Value]) -> Iterator[Outcome]:
        words = [token.word for token in statement]
        first = words[0]
        if first == "SELECT":
            yield self._select(statement, variables)
        elif first in ("EXEC", "EXECUTE"):
            yield from self._execute(statement[1:], variables)
        elif first == "USE" and len(statement) == 2:
            old = self.database
            self._enter(statement[1].text)
            yield DatabaseChanged(self.database, old)
        elif first == "SET" and len(words) > 1 and statement[1].kind == "word":
            yield Nothing()
        elif first in ("CREATE", "DROP") and len(words) == 3 and words[1] == "DATABASE":
            self._create_or_drop(first, statement[2].text)
            yield Nothing()
        else:
            yield from self._transaction(statement, words)

    def _transaction(self, statement: Sequence[Token], words: Sequence[str]) -> Iterator[Outcome]:
        conditional = words[0] == "IF" and len(statement) > 4 and statement[1].text.casefold() == "@@trancount"
        if conditional:
            statement = statement[4:]
            words = words[4:]
        kinds = {"BEGIN": ENV_BEGIN, "COMMIT": ENV_COMMIT, "ROLLBACK": ENV_ROLLBACK}
        kind = kinds.get(words[0])
        if kind is None or (kind == ENV_BEGIN and words[1:2] not in (["TRAN"], ["TRANSACTION"])):
            raise syntax_error(statement[0].text)
        if kind != ENV_BEGIN and not self.in_transaction:
            if conditional:
                yield Nothing()
                return
            raise SqlError(3902, f"The {words[0]} TRANSACTION request has no corresponding BEGIN TRANSACTION.", 1, 16)
        self.change_transaction(kind)
        yield TransactionChanged(kind)

    def _enter(self, name: str) -> None:
        if not self._server.has_database(name):
            text = f"Database '{name}' does not exist. Make sure that the name is entered correctly."
            raise SqlError(911, text, 1, 16)
        self._require_access(name)
        found = self._server.database(name)
        self._functions.database = found.name if found else name.casefold()

    def _require_access(self, name: str) -> None:
        if not self._server.may_enter(self._principal, name):
            text = f'The server principal "{self._principal.name}" is not able to access the database "{name}" '
            raise SqlError(916, text + "under the current security context.", 2, 14)

    def _create_or_drop(self, verb: str, name: str) -> None:
        if verb == "CREATE":
            self._server.create_database_as(name, self._principal)
        else:
            self._server.drop_database_as(name, self._principal)

    # --- SELECT

    def _view(self, database: str | None, name: str) -> str:
        """sqlite's table of a system view; views of one database are named with it in front."""
        lower = name.casefold()
        if lower in STATE_VIEWS and not self._principal.may_view_server_state:
            right = "VIEW SERVER PERFORMANCE STATE" if self._server.version[0] >= 16 else "VIEW SERVER STATE"
            raise SqlError(300, f"{right} permission was denied on object 'server', database 'master'.")
        if lower not in DATABASE_VIEWS:
            return quote_name(lower)
        where = database or self.database
        if not self._server.has_database(where):
            raise SqlError(208, f"Invalid object name '{where}.sys.{name}'.", 1, 16)
        self._require_access(where)
        return quote_name(f"{where.casefold()}.{lower}")

    def _select(self, statement: Sequence[Token], variables: Mapping[str, Value]) -> ResultSet:
        text, parameters = SelectTranslator(statement, variables, self._view).translate()
        raised: list[SqlError] = []
        connection = sqlite3.connect(":memory:")
        try:
            _define_functions(connection, self._functions, raised)
            fill(connection, self._server, self._principal)
            cursor = connection.execute(text, parameters)
            rows = cursor.fetchall()
        except sqlite3.Error as problem:
            raise (raised[0] if raised else _as_sql_error(problem)) from None
        finally:
            connection.close()
        columns = tuple(_column_name(row[0]) for row in cursor.description)
        return ResultSet(columns, tuple(tuple(unwrap(value) for value in row) for row in rows))

    # --- procedures

    def _execute(self, statement: Sequence[Token], variables: Mapping[str, Value]) -> Iterator[Outcome]:
        name = ""
        at = 0
        while at < len(statement) and (statement[at].is_identifier or statement[at].is_symbol(".")):
            name = statement[at].text.casefold() if statement[at].is_identifier else name
            at += 1
        arguments = _arguments(statement[at:], variables)
        values = [value for _, value in arguments]
        if name == "sp_executesql":
            inner = {label: value for label, value in arguments[2:] if label}
            yield from self.run(str(values[0]), inner)
        elif name == "xp_instance_regread":
            yield self._read_registry(values)
        elif name == "xp_fileexist":
            yield self._file_exists(values)
        else:
            raise SqlError(2812, f"Could not find stored procedure '{name}'.", 62, 16)

    def _require_sysadmin(self, procedure: str) -> None:
        if not self._principal.is_sysadmin:
            text = f"The EXECUTE permission was denied on the object '{procedure}', "
            raise SqlError(229, text + "database 'mssqlsystemresource', schema 'sys'.", 5, 14)

    def _read_registry(self, values: Sequence[Value]) -> ResultSet:
        self._require_sysadmin("xp_instance_regread")
        hive, key, name = (str(value).casefold() for value in values[:3])
        if (hive, key, name) != ("hkey_local_machine", _NETWORK_KEY, "forceencryption"):
            text = "xp_instance_regread() returned error 2, 'The system cannot find the file specified.'"
            raise SqlError(22001, text, 1, 16)
        return ResultSet(("Value", "Data"), (("ForceEncryption", int(self._server.force_encryption)),))

    def _file_exists(self, values: Sequence[Value]) -> ResultSet:
        self._require_sysadmin("xp_fileexist")
        path = str(values[0]).casefold()
        folder = path.rpartition("\\")[0] + "\\"
        folders = {self._server.data_path.casefold(), self._server.log_path.casefold()}
        columns = ("File Exists", "File is a Directory", "Parent Directory Exists")
        exists = int(path in self._server.database_files())
        return ResultSet(columns, ((exists, 0, int(folder in folders)),))


def _arguments(statement: Sequence[Token], variables: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """The arguments of EXEC as (name or empty, value)."""
    found: list[tuple[str, Value]] = []
    groups: list[list[Token]] = [[]]
    for token in statement:
        if token.is_symbol(","):
            groups.append([])
        else:
            groups[-1].append(token)
    for group in groups:
        label = ""
        if len(group) > 2 and group[0].kind == "variable" and group[1].is_symbol("="):
            label = group[0].text
            group = group[2:]
        if not group:
            continue
        found.append((label, _literal(group[0], variables)))
    return found


def _literal(token: Token, variables: Mapping[str, Value]) -> Value:
    if token.kind == "variable":
        known = {name.casefold(): value for name, value in variables.items()}
        if token.text.casefold() not in known:
            raise SqlError(137, f'Must declare the scalar variable "{token.text}".', 2, 15)
        return known[token.text.casefold()]
    if token.kind == "number":
        return int(token.text, 0) if token.text.isdigit() or token.text[:2] == "0x" else float(token.text)
    return None if token.word == "NULL" else token.text


def _define_functions(connection: sqlite3.Connection, functions: SessionFunctions, raised: list[SqlError]) -> None:
    """Give sqlite the functions; what they raise is kept in `raised`, for sqlite swallows it."""
    known = functions.table()
    allowed = {name.casefold() for name in known} | _SHARED_FUNCTIONS

    def authorize(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_FUNCTION and str(second).casefold() not in allowed:
            raised.append(SqlError(195, f"'{second}' is not a recognized built-in function name.", 10, 15))
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    connection.set_authorizer(authorize)
    for name, (count, function) in known.items():

        def call(*values: Scalar, _function: Callable[..., Scalar] = function, _name: str = name) -> Scalar:
            try:
                return _function(*values)
            except SqlError as problem:
                raised.append(problem)
                raise
            except (TypeError, ValueError):
                raised.append(SqlError(174, f"The {_name.lower()} function was called with wrong arguments.", 1, 15))
                raise

        connection.create_function(name, count, call)


def _as_sql_error(problem: sqlite3.Error) -> SqlError:
    text = str(problem)
    for pattern, number, sentence in (
        (r"no such table: (\S+)", 208, "Invalid object name '{}'."),
        (r"no such column: (\S+)", 207, "Invalid column name '{}'."),
        (r"no such function: (\S+)", 195, "'{}' is not a recognized built-in function name."),
        (r'near "([^"]*)": syntax error', 102, "Incorrect syntax near '{}'."),
    ):
        match = re.search(pattern, text)
        if match:
            return SqlError(number, sentence.format(match[1]), 1, 16 if number != 102 else 15)
    return SqlError(102, f"Incorrect syntax ({text}).", 1, 15)


def _column_name(text: str) -> str:
    """An alias or a column as it is; an expression has no name in T-SQL."""
    return text if re.fullmatch(r"[\w @$#-]+", text) and not text.isdigit() else ""
