"""Asks a node about itself: one WinRM session, one shell, one script for all its facts. Changes nothing there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.addresses import AddressBook, AddressError, Addresses
from vmm_wizard.facts.model import NoAnswer, NodeFacts
from vmm_wizard.facts.node_parts import needs_administrator
from vmm_wizard.facts.questions import LibraryQuestion, NodeQuestion
from vmm_wizard.facts.reading import Unreadable, read
from vmm_wizard.plan.model import Authentication, WinrmTransport
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.bootstrap import JSON
    from vmm_wizard.remote.kept import KeptSessions
    from vmm_wizard.remote.session import Session

#: The script that a node is asked with, in remote/scripts.
SCRIPT = "node-facts"

#: What stands in a line of SetupWizard.log that means failure (KBSHARE, KBDES, PHX).
LOG_FAILURES = (
    "FailureReason =",
    "Threw Exception.Type:",
    "*** Carmine error was:",
    "VMMPostinstallProcessor threw an exception",
    "This is a fatal item. Setting rollback.",
    "ProcessInstalls: Rollback is set",
    "****Starting*RollBack***",
    "We failed the prerequisite checks.",
    "command line error",
    "Have NOT acknowledge acceptance",
)


def ask_node(
    question: NodeQuestion,
    password: Secret,
    addresses: Addresses,
    deadline: float,
    cancel: threading.Event | None = None,
    kept: KeptSessions | None = None,
) -> NodeFacts | NoAnswer:
    """What a node says of itself within `deadline` seconds, or why there is no answer. Raises nothing for a bad node.

    `password` belongs to the question's account, and was proved before: at most one logon is made with it. `cancel`
    ends the call early. `kept` may have a session.
    """
    from vmm_wizard.remote.bootstrap import load_script
    from vmm_wizard.remote.errors import RemoteError
    from vmm_wizard.remote.session import deadline_in

    try:
        connect, place = connector(question, password, addresses, kept)
    except AddressError as error:
        return NoAnswer(str(error), "unreachable")
    due = deadline_in(deadline)
    try:
        with connect(due, cancel or threading.Event()) as session:
            answer = session.run(load_script(SCRIPT), script_parameters(question), deadline=due)
            # Rights that somebody gives the account now are seen by another logon alone.
            session.reusable = session.reusable and answer.get("is_administrator") is True
    except RemoteError as error:
        return no_answer(error)
    return read_answer(answer, place)


def script_parameters(question: NodeQuestion) -> dict[str, JSON]:
    """What the script is told. Where nothing is planned yet, the texts are empty and the number is 0."""
    return {
        "SqlHost": question.sql_host,
        "SqlInstance": question.sql_instance,
        "SqlPort": question.sql_port,
        "MediaPath": question.media_path,
        "ProgramFiles": question.program_files,
        "Ports": list(question.ports),
        "StaticAddresses": list(question.static_addresses),
        "FailurePatterns": list(LOG_FAILURES),
    }


def read_answer(answer: Mapping[str, object], place: str) -> NodeFacts | NoAnswer:
    """The script's answer as facts. A fact that every check needs and that could not be read is no answer at all."""
    try:
        return _without_secrets(read(NodeFacts, answer))
    except Unreadable as error:
        reasons = answer.get("unreadable")
        why = "; ".join(map(str, reasons)) if isinstance(reasons, list) else ""
        told = {"place": place, "error": error, "why": why}
        reason = log.masked(text(f"reasons.nodes.not_all.{'because' if why else 'plain'}", **told))
        if answer.get("is_administrator") is False:
            needs = needs_administrator(_host(place))
            return NoAnswer(text("reasons.nodes.needs", needs=needs, reason=reason), "denied")
        return NoAnswer(reason, "unreadable")


def _host(place: str) -> str:
    """The host of a host:port."""
    return place.rpartition(":")[0]


def _without_secrets(facts: NodeFacts) -> NodeFacts:
    """Setup may have written its command line, with passwords, into its log: they go no further than here."""
    if facts.vmm is None:
        return facts
    return replace(facts, vmm=replace(facts.vmm, log_failures=tuple(map(log.masked, facts.vmm.log_failures))))


def connector(
    question: NodeQuestion | LibraryQuestion,
    password: Secret,
    addresses: Addresses,
    kept: KeptSessions | None = None,
) -> tuple[Callable[[float, threading.Event], Session], str]:
    """What opens a session with the node, given a deadline (time.monotonic()) and a cancel flag; and its host:port.

    Raises AddressError when the node cannot be located. What the first returns is made by `Session.open`, or has waited
    in `kept`.
    """
    from vmm_wizard.remote.session import Login, Session, Target

    service = "winrm_https" if question.transport is WinrmTransport.HTTPS else "winrm_http"
    endpoint = addresses.locate(question.host, service, question.port)  # type: ignore[arg-type]
    target = Target(
        host=endpoint.host,
        connect_address=endpoint.address,
        port=endpoint.port,
        transport=question.transport,
        ca_file=question.trust.ca_file or None,
        pinned_sha256=question.trust.pinned(question.host) or None,
        authentication=_authentication(question, addresses),
        shown_port=endpoint.shown_port,
    )
    login = Login(str(question.account), password)
    opened = Session.open if kept is None else kept.open
    return lambda deadline, cancel: opened(target, login, deadline, cancel), target.place


def _authentication(question: NodeQuestion | LibraryQuestion, addresses: Addresses) -> Authentication:
    """As asked for. With an address book a ticket is not used unasked: Kerberos looks for its servers outside of it."""
    unasked = question.authentication is Authentication.AUTO and isinstance(addresses, AddressBook)
    return Authentication.NTLM if unasked else question.authentication


def no_answer(error: Exception) -> NoAnswer:
    """What went wrong on the way to a node, as the reason of a missing answer."""
    from vmm_wizard.remote import errors

    codes: tuple[tuple[type[Exception], str], ...] = (
        (errors.Cancelled, "stopped"),
        (errors.DeadlinePassed, "timeout"),
        (errors.NodeUnreachable, "unreachable"),
        (errors.LogonRefused, "logon"),
        (errors.LogonNotOffered, "denied"),
        (errors.AccessDenied, "denied"),
        (errors.ShellRefused, "shell"),
        (errors.CertificateRefused, "certificate"),
        (errors.LanguageModeRefused, "language_mode"),
    )
    reason = str(error)
    if isinstance(error, errors.AccessDenied):
        reason = f"{needs_administrator(_host(error.place))}: {reason}"
    return NoAnswer(reason, next((code for kind, code in codes if isinstance(error, kind)), "unreadable"))
