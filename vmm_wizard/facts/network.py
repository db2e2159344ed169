"""What the wizard's own host sees by DNS and TCP. Connects and closes; never sends a byte, never logs on."""

from __future__ import annotations

import socket

from vmm_wizard.addresses import AddressError, Addresses, Endpoint
from vmm_wizard.facts.model import NetworkFacts, TcpAnswer
from vmm_wizard.facts.questions import NetworkQuestion
from vmm_wizard.texts import text

#: Seconds to wait for one connection.
CONNECT_TIMEOUT = 5.0


def sentence_of(error: OSError) -> str:
    """An operating system's connection error in the words every report uses: refused, timed out, or what it said."""
    if isinstance(error, ConnectionRefusedError):
        return text("reasons.network.refused")
    if isinstance(error, TimeoutError):
        return text("reasons.network.timed_out")
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return text("reasons.network.lost")
    return (error.strerror or type(error).__name__).lower()


def try_tcp(endpoint: Endpoint, timeout: float = CONNECT_TIMEOUT) -> TcpAnswer:
    """Whether a TCP connection to `endpoint` is accepted within `timeout` seconds."""
    try:
        with socket.create_connection((endpoint.address, endpoint.port), timeout):
            return TcpAnswer(endpoint.host, endpoint.shown_port or endpoint.port, True, "")
    except OSError as error:
        return TcpAnswer(endpoint.host, endpoint.shown_port or endpoint.port, False, sentence_of(error))


def _try(addresses: Addresses, host: str, port: int, timeout: float) -> TcpAnswer:
    try:
        return try_tcp(addresses.locate_tcp(host, port), timeout)
    except AddressError as error:
        return TcpAnswer(host, port, False, str(error))


def ask_network(question: NetworkQuestion, addresses: Addresses, timeout: float = CONNECT_TIMEOUT) -> NetworkFacts:
    """Try SQL Server's port, look the role's name up, and try the console port on it. Never raises."""
    # "not asked" is the mark of a node's script, too: it is compared, and no sentence.
    sql = TcpAnswer(question.sql_host, question.sql_port or 1433, False, "not asked")
    if question.sql_host:
        sql = _try_sql(question, addresses, timeout)
    found: tuple[str, ...] | None = None
    console = TcpAnswer(question.role_fqdn, question.console_port, False, "not asked")
    if question.role_fqdn:
        try:
            found = addresses.records_of(question.role_fqdn)
        except AddressError:
            found = None
        console = _try(addresses, question.role_fqdn, question.console_port, timeout)
    return NetworkFacts(sql, found, console)


def _try_sql(question: NetworkQuestion, addresses: Addresses, timeout: float) -> TcpAnswer:
    try:
        if question.sql_instance and not question.sql_port:
            from vmm_wizard.facts.sql_browser import instance_port

            port = instance_port(question.sql_host, question.sql_instance, addresses, timeout)
            return try_tcp(addresses.locate(question.sql_host, "tds", port), timeout)
        return try_tcp(addresses.locate(question.sql_host, "tds", question.sql_port), timeout)
    except AddressError as error:
        return TcpAnswer(question.sql_host, question.sql_port or 1433, False, str(error))
