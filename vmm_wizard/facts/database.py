"""Asks SQL Server, as the account that setup will use, what the SQL checks need: one logon, at most three batches."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from vmm_wizard.addresses import AddressBook, AddressError, Addresses, Endpoint
from vmm_wizard.facts import sql_client, sql_queries
from vmm_wizard.facts.model import DatabaseFacts, NoAnswer, SqlFacts
from vmm_wizard.facts.network import sentence_of
from vmm_wizard.facts.questions import SqlQuestion
from vmm_wizard.facts.sql_browser import instance_port
from vmm_wizard.facts.sql_client import (
    CertificateRefused,
    Client,
    NativeError,
    NoClient,
    Row,
    Rows,
    SqlConnection,
    SqlPassword,
)
from vmm_wizard.facts.tds_tls import TlsRefused
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.secrets import Secret

#: Seconds of the deadline that SQL Browser may take.
_BROWSER_TIMEOUT = 5.0


def locate(question: SqlQuestion, addresses: Addresses, timeout: float = _BROWSER_TIMEOUT) -> Endpoint:
    """Where the instance listens: the port given, SQL Browser's for a named one, else 1433. Raises AddressError."""
    target = question.target
    port = target.port
    if not port and target.instance and not question.is_listener:
        port = instance_port(question.host, target.instance, addresses, timeout)
    return addresses.locate(question.host, "tds", port)


def ask_database(
    question: SqlQuestion, secret: Secret | None, addresses: Addresses, deadline: float
) -> SqlFacts | NoAnswer:
    """The instance as `question.account` sees it, within `deadline` seconds; or the reason that there is no answer.

    `secret` is the account's password, proved before (a wrong one would count as a bad logon here too); None is enough
    where a Kerberos ticket or Windows itself does the logon.
    """
    ends = time.monotonic() + deadline
    # With an address book a ticket is not used unasked: Kerberos looks for its servers outside of it.
    unasked = question.authentication is Authentication.AUTO and isinstance(addresses, AddressBook)
    holder = "" if unasked else sql_client.ticket_holder()
    try:
        client = sql_client.choose_client(
            question, sql_client.microsoft_driver(), holder, sql_client.python_tds_version()
        )
    except NoClient as gap:
        return NoAnswer(str(gap), "not_asked")
    if (client.library == "python-tds" or question.account.is_sql_login) and not secret:
        return NoAnswer(f"not asked: the password of {question.account} is not known", "not_asked")
    try:
        endpoint = locate(question, addresses, min(_BROWSER_TIMEOUT, deadline))
    except AddressError as error:
        return NoAnswer(f"could not find SQL Server {question.target}: {error}", "unreachable")
    try:
        connection = _connect(client, endpoint, question, secret, ends)
    except _Gap as gap:
        return gap.answer
    try:
        return read_facts(connection, question, client, endpoint)
    except NativeError as error:
        reason = f"SQL Server at {endpoint} answered {question.account} with error {error.number}: {error.sentence}"
        return NoAnswer(reason, "denied" if error.number in (229, 297, 300) else "unreadable")
    except TimeoutError:
        return NoAnswer(f"SQL Server at {endpoint} did not answer within {deadline:g} s", "timeout")
    except OSError as error:
        return NoAnswer(f"lost the connection to SQL Server at {endpoint}: {sentence_of(error)}", "unreachable")
    finally:
        connection.close()


class _Gap(Exception):
    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.answer = NoAnswer(reason, code)


def _connect(
    client: Client, endpoint: Endpoint, question: SqlQuestion, secret: Secret | None, ends: float
) -> SqlConnection:
    """Connect and log on. Raises _Gap with one sentence for every way that this can fail."""
    started = time.monotonic()
    try:
        plain = sql_client.open_tcp(endpoint, ends)
    except OSError as error:
        code = "timeout" if isinstance(error, TimeoutError) else "unreachable"
        raise _Gap(f"could not reach SQL Server at {endpoint}: {sentence_of(error)}", code) from None
    try:
        if client.library == "odbc":
            plain.close()
            login = SqlPassword(question.account.user, secret) if question.account.is_sql_login and secret else None
            return sql_client.connect_odbc(client.driver, endpoint, ends, login)
        assert secret is not None
        return sql_client.connect_tds(plain, question.host, question.account, secret, question.trust, ends)
    except NativeError as error:
        raise _Gap(*_refusal(error, endpoint, question)) from None
    except (TlsRefused, CertificateRefused) as error:
        raise _Gap(f"SQL Server at {endpoint} is not trusted: {error}", "certificate") from None
    except TimeoutError:
        waited = max(time.monotonic() - started, 0.0)
        reason = f"SQL Server at {endpoint} accepted the connection and then said nothing for {waited:.0f} s"
        raise _Gap(reason, "timeout") from None
    except OSError as error:
        raise _Gap(f"SQL Server at {endpoint} ended the logon: {sentence_of(error)}", "unreachable") from None


def _refusal(error: NativeError, endpoint: Endpoint, question: SqlQuestion) -> tuple[str, str]:
    """The sentence and code for a refused logon, judged by the native number: texts and SQLSTATEs differ by client."""
    who = f"SQL Server at {endpoint}"
    account = question.account
    if error.number == 18452:
        return (
            f"{who} did not accept the Windows logon of {account} (error 18452): Windows refused the password or the "
            "account, or this server does not trust its domain",
            "logon",
        )
    if error.number == 18456 and account.is_sql_login:
        return (
            f"{who} did not let the SQL login {account} in (error 18456): there is no such login, its password is "
            "another one, or the server takes Windows logons only",
            "logon",
        )
    sentences = {
        18456: (f"{who} has no login for {account} (error 18456): the password is good, but it needs a login there"),
        18470: f"{who} has disabled the login of {account} (error 18470)",
        18486: f"{who} has locked the login of {account} (error 18486)",
        18487: f"{who} says that the password of {account} has expired (error 18487)",
        18488: f"{who} says that the password of {account} must be changed (error 18488)",
        4060: f"{who} cannot open the database that the login of {account} begins in (error 4060)",
        4064: f"{who} cannot open the default database of {account} (error 4064)",
        17892: f"{who} has a logon trigger that refuses {account} (error 17892)",
    }
    if error.number in sentences:
        return sentences[error.number], "no_login"
    return f"{who} refused {account} with error {error.number}: {error.sentence}", "unreadable"


# --- reading


@dataclass(frozen=True, slots=True)
class _Details:
    """What the third batch found; None: not allowed, or not asked."""

    service_account: str | None = None
    free_bytes: int | None = None
    replica_role: str | None = None
    force_encryption: bool | None = None
    leftover_files: tuple[str, ...] | None = None
    owners: tuple[str, ...] | None = None


def read_facts(connection: SqlConnection, question: SqlQuestion, client: Client, endpoint: Endpoint) -> SqlFacts:
    """Everything that the SQL checks need, in at most three batches over a connection that is logged on.

    Raises NativeError, TimeoutError and OSError.
    """
    values = {"database": question.database}
    ((row,),) = connection.run(sql_queries.SERVER, values)
    sets, _ = connection.run_as_far_as_allowed(sql_queries.DATABASE, values)
    details = _details(connection, question, row)
    version = str(row["product_version"] or "")
    return SqlFacts(
        server=question.host,
        port=endpoint.shown_port or endpoint.port,
        logged_on_as=str(row["login"] or ""),
        asked_as=str(question.account),
        driver=str(client),
        auth_scheme=_text(row, "auth_scheme"),
        is_sysadmin=_flag(row, "sysadmin"),
        product_version=version,
        product_level=str(row["product_level"] or ""),
        update_level=str(row["update_level"] or ""),
        major_version=int(version.partition(".")[0] or 0),
        engine_edition=_number(row, "engine_edition") or 0,
        edition=str(row["edition"] or ""),
        collation=str(row["collation"] or ""),
        machine_name=str(row["machine_name"] or ""),
        physical_name=str(row["physical_name"] or ""),
        instance=str(row["instance"] or ""),
        is_clustered=_flag(row, "is_clustered"),
        hadr_enabled=_flag(row, "hadr_enabled"),
        default_domain=_text(row, "default_domain"),
        utc_time=_time(row),
        service_account=details.service_account,
        force_encryption=details.force_encryption,
        data_path=_text(row, "data_path"),
        data_free_bytes=details.free_bytes,
        leftover_files=details.leftover_files,
        database=_database(question, row, sets, details),
        listeners=_listeners(row, sets),
        replica_role=details.replica_role,
    )


def _database(question: SqlQuestion, server: Row, sets: list[Rows], details: _Details) -> DatabaseFacts | None:
    if server["database_id"] is None:
        return None
    row: Row = sets[0][0] if sets and sets[0] else {}
    may_look = server["database_access"] == 1
    is_vmm = server["global_setting_table"] is not None and server["library_table"] is not None
    group: str | None = None
    if len(sets) > 1:
        group = str(sets[1][0]["name"]) if sets[1] else ("" if server["view_definition"] == 1 else None)
    return DatabaseFacts(
        name=str(row.get("name") or question.database),
        collation=_text(row, "collation_name"),
        state=_text(row, "state_desc"),
        recovery_model=_text(row, "recovery_model_desc"),
        is_vmm=is_vmm if may_look else None,
        availability_group=group,
        owners=details.owners,
    )


def _listeners(server: Row, sets: list[Rows]) -> tuple[str, ...] | None:
    """Names of listeners as `name:port`; None where an empty list may only mean that this account sees none."""
    if len(sets) < 3:
        return None
    found = tuple(f"{row['dns_name']}:{row['port']}" for row in sets[2])
    return found if found or server["view_definition"] == 1 else None


def _details(connection: SqlConnection, question: SqlQuestion, server: Row) -> _Details:
    """The third batch: only the parts that this account may ask; none at all without VIEW SERVER STATE."""
    if server["view_state"] != 1:
        return _Details()
    values: dict[str, str] = {}
    parts = {"services": sql_queries.SERVICES, "volumes": sql_queries.VOLUMES, "replicas": sql_queries.REPLICAS}
    if server["sysadmin"] == 1:
        parts["encryption"] = sql_queries.FORCE_ENCRYPTION
        if server["database_id"] is not None:
            parts["owners"] = sql_queries.owners(question.database)
        elif server["data_path"]:
            values = _file_names(str(server["data_path"]), question.database)
            parts["data_file"] = sql_queries.DATA_FILE
            parts["log_file"] = sql_queries.LOG_FILE
    sets, _ = connection.run_as_far_as_allowed("".join(parts.values()), values)
    found: Mapping[str, Rows] = dict(zip(parts, sets, strict=False))
    return _Details(
        service_account=_service_account(found.get("services")),
        free_bytes=_free_bytes(found.get("volumes"), str(server["data_path"] or "")),
        replica_role=_replica_role(found.get("replicas")),
        force_encryption=_force_encryption(found.get("encryption")),
        leftover_files=_leftovers(found, values),
        owners=sql_client.columns(found["owners"], "member") if "owners" in found else None,
    )


def _file_names(data_path: str, database: str) -> dict[str, str]:
    """The files that CREATE DATABASE would make; on Linux the separator is a slash."""
    slash = "/" if data_path.startswith("/") else "\\"
    folder = data_path.rstrip("\\/") + slash
    return {"data_file": f"{folder}{database}.mdf", "log_file": f"{folder}{database}_log.ldf"}


def _service_account(rows: Rows | None) -> str | None:
    for row in rows or ():
        if str(row["servicename"]).startswith("SQL Server ("):
            return str(row["service_account"])
    return None


def _free_bytes(rows: Rows | None, data_path: str) -> int | None:
    """Free bytes of the volume that new data files go to: the longest mount point that the path begins with."""
    fitting = [row for row in rows or () if data_path.casefold().startswith(str(row["volume_mount_point"]).casefold())]
    if not fitting:
        return None
    best = max(fitting, key=lambda row: len(str(row["volume_mount_point"])))
    return int(str(best["available_bytes"]))


def _replica_role(rows: Rows | None) -> str | None:
    """This replica's role; with several groups, SECONDARY (or RESOLVING) when it is not primary of all. Empty: none."""
    if rows is None:
        return None
    roles = sql_client.columns(rows, "role_desc")
    return next((role for role in roles if role != "PRIMARY"), "PRIMARY") if roles else ""


def _force_encryption(rows: Rows | None) -> bool | None:
    return None if not rows else str(rows[0]["Data"]) == "1"


def _leftovers(found: Mapping[str, Rows], values: Mapping[str, str]) -> tuple[str, ...] | None:
    if "data_file" not in found or "log_file" not in found:
        return None
    return tuple(
        values[name] for name in ("data_file", "log_file") if found[name] and found[name][0]["File Exists"] == 1
    )


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value)


def _number(row: Row, name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) else None


def _flag(row: Row, name: str) -> bool | None:
    number = _number(row, name)
    return None if number is None else number == 1


def _time(row: Row) -> datetime | None:
    value = row.get("utc_time")
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC) if value else None
