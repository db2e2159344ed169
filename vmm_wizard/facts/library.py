"""Asks the library's file server about its role and its shares: one WinRM session, one script, reading only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.facts.library_model import LibraryFacts
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.facts.nodes import connector, no_answer
from vmm_wizard.facts.questions import LibraryQuestion
from vmm_wizard.facts.reading import Unreadable, read
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.kept import KeptSessions

#: The script that the file server is asked with, in remote/scripts.
SCRIPT = "library-facts"


def ask_library(
    question: LibraryQuestion,
    password: Secret,
    addresses: Addresses,
    deadline: float,
    kept: KeptSessions | None = None,
) -> LibraryFacts | NoAnswer:
    """What the file server says of itself within `deadline` seconds, or why there is no answer.

    `password` belongs to the question's account, and was proved before: at most one logon is made with it. `kept` may
    have a session.
    """
    import threading

    from vmm_wizard.remote.bootstrap import load_script
    from vmm_wizard.remote.errors import RemoteError
    from vmm_wizard.remote.session import deadline_in

    try:
        connect, place = connector(question, password, addresses, kept)
    except AddressError as error:
        return NoAnswer(str(error), "unreachable")
    due = deadline_in(deadline)
    label = question.host.partition(".")[0]
    try:
        with connect(due, threading.Event()) as session:
            answer = session.run(load_script(SCRIPT), {"FileServer": label}, deadline=due)
    except RemoteError as error:
        return no_answer(error)
    try:
        return read(LibraryFacts, answer)
    except Unreadable as error:
        return NoAnswer(text("reasons.library.not_all", place=place, error=error), "unreadable")
