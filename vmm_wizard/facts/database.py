"""Asks SQL Server, as the account that setup will use, what the SQL checks need: one logon, at most three batches."""

from __future__ import annotations

import time
from dataclasses import replace

from vmm_wizard.addresses import AddressBook, AddressError, Addresses, Endpoint
from vmm_wizard.facts import sql_client, sql_queries
from vmm_wizard.facts.model import NoAnswer, SqlFacts
from vmm_wizard.facts.network import sentence_of
from vmm_wizard.facts.questions import SqlQuestion
from vmm_wizard.facts.replica_logins import ask_replicas
from vmm_wizard.facts.sql_browser import instance_port
from vmm_wizard.facts.sql_client import CertificateRefused, Client, NativeError, NoClient, SqlConnection, SqlPassword
from vmm_wizard.facts.sql_reading import read_facts
from vmm_wizard.facts.tds_tls import TlsRefused
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

#: Seconds of the deadline that SQL Browser may take.
_BROWSER_TIMEOUT = 5.0
#: Errors of SQL Server that refuse a logon although the password is good.
_NO_LOGIN = frozenset({18456, 18470, 18486, 18487, 18488, 4060, 4064, 17892})


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
    try:
        client, endpoint, connection = _open(question, secret, addresses, ends)
    except _Gap as gap:
        return gap.answer
    try:
        facts = read_facts(connection, question, client, endpoint)
    except NativeError as error:
        told = {"endpoint": endpoint, "account": question.account, "number": error.number, "said": error.sentence}
        reason = text("reasons.database.error", **told)
        return NoAnswer(reason, "denied" if error.number in (229, 297, 300) else "unreadable")
    except TimeoutError:
        return NoAnswer(text("reasons.database.no_answer", endpoint=endpoint, deadline=deadline), "timeout")
    except OSError as error:
        return NoAnswer(text("reasons.database.lost", endpoint=endpoint, why=sentence_of(error)), "unreachable")
    finally:
        connection.close()

    def other(replica: SqlQuestion) -> SqlConnection:
        return _connect(client, locate(replica, addresses, _BROWSER_TIMEOUT), replica, secret, ends)

    return replace(facts, replica_logins=tuple(ask_replicas(facts, question, other)))


def count_sessions(
    question: SqlQuestion, secret: Secret | None, addresses: Addresses, host: str, deadline: float
) -> int | NoAnswer:
    """How many sessions a computer (its NetBIOS name) has on the instance, but for ours, within `deadline` seconds.
    Who may not see others' sessions does not know."""
    try:
        _, endpoint, connection = _open(question, secret, addresses, time.monotonic() + deadline)
    except _Gap as gap:
        return gap.answer
    try:
        ((row,),) = connection.run(sql_queries.SESSIONS, {"host": host})
    except (NativeError, OSError, ValueError) as error:
        return NoAnswer(text("reasons.database.no_sessions", endpoint=endpoint, error=error), "unreadable")
    finally:
        connection.close()
    if row["permitted"] != 1:
        return NoAnswer(text("reasons.database.sessions_denied", account=question.account, endpoint=endpoint), "denied")
    return int(str(row["sessions"]))


class _Gap(Exception):
    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.answer = NoAnswer(reason, code)


def _open(
    question: SqlQuestion, secret: Secret | None, addresses: Addresses, ends: float
) -> tuple[Client, Endpoint, SqlConnection]:
    """Choose a client, find the instance, log on until `ends` (time.monotonic()). Raises _Gap."""
    # With an address book a ticket is not used unasked: Kerberos looks for its servers outside of it.
    unasked = question.authentication is Authentication.AUTO and isinstance(addresses, AddressBook)
    holder = "" if unasked else sql_client.ticket_holder()
    try:
        client = sql_client.choose_client(
            question, sql_client.microsoft_driver(), holder, sql_client.python_tds_version()
        )
    except NoClient as gap:
        raise _Gap(str(gap), "not_asked") from None
    if (client.library == "python-tds" or question.account.is_sql_login) and not secret:
        raise _Gap(text("reasons.database.no_password", account=question.account), "not_asked")
    try:
        endpoint = locate(question, addresses, min(_BROWSER_TIMEOUT, max(ends - time.monotonic(), 0.1)))
    except AddressError as error:
        raise _Gap(text("reasons.database.not_found", target=question.target, error=error), "unreachable") from None
    return client, endpoint, _connect(client, endpoint, question, secret, ends)


def _connect(
    client: Client, endpoint: Endpoint, question: SqlQuestion, secret: Secret | None, ends: float
) -> SqlConnection:
    """Connect and log on. Raises _Gap with one sentence for every way that this can fail."""
    started = time.monotonic()
    try:
        plain = sql_client.open_tcp(endpoint, ends)
    except OSError as error:
        code = "timeout" if isinstance(error, TimeoutError) else "unreachable"
        raise _Gap(text("reasons.database.unreachable", endpoint=endpoint, why=sentence_of(error)), code) from None
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
        raise _Gap(text("reasons.database.not_trusted", endpoint=endpoint, error=error), "certificate") from None
    except TimeoutError:
        waited = max(time.monotonic() - started, 0.0)
        reason = text("reasons.database.silent", endpoint=endpoint, waited=waited)
        raise _Gap(reason, "timeout") from None
    except OSError as error:
        raise _Gap(
            text("reasons.database.logon_ended", endpoint=endpoint, why=sentence_of(error)), "unreachable"
        ) from None


def _refusal(error: NativeError, endpoint: Endpoint, question: SqlQuestion) -> tuple[str, str]:
    """The sentence and code for a refused logon, judged by the native number: texts and SQLSTATEs differ by client."""
    told = {"endpoint": endpoint, "account": question.account}
    if error.number == 18456 and question.account.is_sql_login:
        return text("reasons.database.refusals.no_such_login", **told), "logon"
    if error.number == 18452:
        return text("reasons.database.refusals.18452", **told), "logon"
    if error.number in _NO_LOGIN:
        return text(f"reasons.database.refusals.{error.number}", **told), "no_login"
    return text("reasons.database.refused", **told, number=error.number, said=error.sentence), "unreadable"
