"""Asks the other writable domain controllers of a site whether they have an object: a new one comes to them later.

Each is asked over a channel of its own, with the password that was proved already: one bind and one search. A
credential error there stops the account everywhere, the controllers that are left included.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from vmm_wizard.facts.directory import DirectorySession
from vmm_wizard.facts.directory_channel import DirectoryUnusable
from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.directory_logon import LogonRefused, open_directory
from vmm_wizard.facts.directory_search import NoSuchObject, Searcher
from vmm_wizard.facts.model import NoAnswer, ReplicaFacts
from vmm_wizard.facts.passwords import Passwords
from vmm_wizard.facts.questions import DirectoryAccess
from vmm_wizard.plan.names import DistinguishedName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

#: Controllers of a site that are asked, by order of name.
MOST_ASKED: Final = 4

#: "There is no such user": the account itself may not have come to that controller, and no password was judged.
_NO_SUCH_USER: Final = "525"


def ask_replicas(
    session: DirectorySession, dn: DistinguishedName, secret: Secret | None, passwords: Passwords
) -> ReplicaFacts | NoAnswer:
    """Which other controllers of the answering one's site have `dn`, all within the ledger's deadline.

    Nobody else is asked when the answering controller does not have it, when it is alone in its site, and when the
    directory is asked from a node. `secret` is the password of the session's account; None: it logs on by its ticket.
    """
    start = session.answered(text("reasons.directory_replicas.where_else", dn=dn), lambda view: _start(view, str(dn)))
    if isinstance(start, NoAnswer):
        return start
    having: list[str] = []
    lacking: list[str] = []
    silent: dict[str, str] = {}
    until = time.monotonic() + passwords.deadline
    for host in start.silent:
        answer = _ask(host, session.access, str(dn), secret, passwords, until - time.monotonic())
        if isinstance(answer, NoAnswer):
            silent[host] = answer.reason
        else:
            (having if answer else lacking).append(host)
    return replace(start, having=tuple(having), lacking=tuple(lacking), silent=silent)


def _start(view: DomainView, dn: str) -> ReplicaFacts:
    """Whom to ask: all of them silent so far. Raises NoSuchObject and DirectoryUnusable."""
    if view.open_catalog is None:
        # Only the one controller's answers come by way of a node.
        return ReplicaFacts(view.server, view.naming.site, from_node=True)
    naming = view.naming
    if not naming.site or not naming.controllers:
        raise DirectoryUnusable(text("reasons.directory_replicas.no_site", server=view.server), "unreadable")
    own = view.server.casefold()
    others = [row.host for row in naming.controllers if row.site == naming.site and row.host != own]
    if others:
        view.searcher.base(dn, ())
    asked, left_out = others[:MOST_ASKED], others[MOST_ASKED:]
    return ReplicaFacts(view.server, naming.site, silent=dict.fromkeys(asked, ""), left_out=tuple(left_out))


def _ask(
    host: str, access: DirectoryAccess, dn: str, secret: Secret | None, passwords: Passwords, seconds: float
) -> bool | NoAnswer:
    """Whether one controller has the object, by one bind and one search within `seconds`."""
    usable = passwords.usable(access.account, secret, access) if secret else None
    if isinstance(usable, NoAnswer):
        return usable
    until = time.monotonic() + seconds
    try:
        channel = open_directory(replace(access, server=host), access.account, secret, passwords.addresses, seconds)
    except LogonRefused as refusal:
        if secret and refusal.code != _NO_SUCH_USER:
            meaning = text("reasons.directory_replicas.refused_by", meaning=refusal.meaning, host=host)
            passwords.refuse(access.account, secret, access, meaning)
        return NoAnswer(f"{host}: {refusal}", "logon")
    except DirectoryUnusable as failure:
        return failure.answer
    try:
        Searcher(channel, until - time.monotonic()).base(dn, ())
    except NoSuchObject:
        return False
    except DirectoryUnusable as failure:
        return failure.answer
    finally:
        channel.close()
    return True
