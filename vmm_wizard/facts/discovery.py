"""Looks for what a plan could name: controllers by DNS, the rest by the directory, and what servers say of themselves.

Bounded in everything: one bind, six searches, one datagram a SQL Server, one session with one node of each cluster.
Each part ends in facts or in a reason.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.facts.at_once import ask_all
from vmm_wizard.facts.directory_accounts import ask_likely_accounts
from vmm_wizard.facts.directory_services import ClusterObjects, ask_cluster_names, ask_sql_names
from vmm_wizard.facts.directory_tree import ask_containers
from vmm_wizard.facts.discovery_clusters import ask_nodes, unasked
from vmm_wizard.facts.discovery_model import Discovery
from vmm_wizard.facts.discovery_sql import ALL_SECONDS, with_browsers, with_versions
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.facts.questions import DirectoryAccess, questions
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.directory_domain import DomainView
    from vmm_wizard.facts.passwords import Passwords

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DiscoveryQuestion:
    """Where to look, and as whom. `access` None: no account is known, and only DNS is asked.

    `plan` lends what else is needed to reach nodes (transport, accounts, trust); nodes that it names are asked first.
    """

    domain: str
    access: DirectoryAccess | None
    plan: Plan


def discovery_question(plan: Plan, ca_file: str = "") -> DiscoveryQuestion:
    """What to look for by a plan that may be far from complete."""
    return DiscoveryQuestion(plan.dns_domain, questions(plan, ca_file).access, plan)


def discover(
    question: DiscoveryQuestion,
    secrets: Secrets,
    passwords: Passwords,
    addresses: Addresses,
    cancel: threading.Event | None = None,
) -> Iterator[Discovery]:
    """What is found, again and again with one part more; the last one is `done`. Blocking; `cancel` ends it early."""
    stop = cancel or threading.Event()
    domains = addresses.domains()
    found = Discovery(question.domain, domains=domains, caller=caller(domains))
    yield found
    found = replace(found, controllers=_controllers(question.domain, addresses))
    yield found
    access = question.access
    if access is None:
        yield _without(found, NoAnswer(text("reasons.discovery.no_account")))
        return
    session = passwords.session(access, secrets.get(access.account))
    if isinstance(session, NoAnswer):
        yield _without(found, session)
        return
    found = replace(found, accounts=session.answered(text("reasons.discovery.accounts"), ask_likely_accounts))
    yield found
    found = replace(found, containers=session.answered(text("reasons.discovery.containers"), ask_containers))
    yield found
    if stop.is_set():
        return
    instances = session.answered(text("reasons.discovery.sql_servers"), ask_sql_names)
    found = replace(found, instances=instances)
    yield found
    if stop.is_set():
        return
    if not isinstance(instances, NoAnswer):
        told = with_browsers(instances, addresses)
        found = replace(found, instances=told)
        yield found
        if not all(row.version for row in told):
            found = replace(found, instances=with_versions(told, addresses))
            yield found
    objects = session.answered(text("reasons.discovery.clusters"), ask_cluster_names)
    if isinstance(objects, NoAnswer):
        yield replace(found, clusters=objects, done=True)
        return
    found = replace(found, clusters=unasked(objects))
    yield found
    named = _named(found, objects, addresses)
    usable = _passwords_of(access, secrets, passwords)
    for clusters, media in ask_nodes(question.plan, objects, usable, addresses, named, stop):
        found = replace(found, clusters=clusters, media=media)
        yield found
    yield replace(found, done=True)


def ask_directory(
    access: DirectoryAccess | None, secrets: Secrets, passwords: Passwords, what: str, ask: Callable[[DomainView], T]
) -> T | NoAnswer:
    """What `ask` finds in the directory, or why it could not be asked; `what` says what it is, for the reason."""
    if access is None:
        return NoAnswer(text("reasons.discovery.no_account"))
    session = passwords.session(access, secrets.get(access.account))
    return session if isinstance(session, NoAnswer) else session.answered(what, ask)


def _without(found: Discovery, gap: NoAnswer) -> Discovery:
    """The end, when the directory cannot be asked."""
    return replace(found, accounts=gap, containers=gap, instances=gap, clusters=gap, done=True)


def caller(domains: Collection[str]) -> str:
    """Who runs the wizard, as `user@domain.example`; empty where that is nobody of these domains (Windows tells)."""
    user, domain = os.environ.get("USERNAME", ""), os.environ.get("USERDNSDOMAIN", "").casefold()
    return f"{user}@{domain}" if user and domain in domains else ""


def _controllers(domain: str, addresses: Addresses) -> tuple[str, ...] | NoAnswer:
    if not domain:
        return NoAnswer(text("reasons.discovery.no_domain"))
    try:
        return addresses.domain_controllers(domain)
    except AddressError as error:
        return NoAnswer(text("reasons.discovery.lookup_failed", domain=domain, error=error), "unreachable")


def _named(found: Discovery, objects: ClusterObjects, addresses: Addresses) -> frozenset[str]:
    """The addresses that DNS has for every computer that was found."""
    hosts = [*objects.nodes, *(f"{name}.{found.domain}" for name, _ in objects.clusters)]
    if not isinstance(found.controllers, NoAnswer):
        hosts += found.controllers
    if not isinstance(found.instances, NoAnswer):
        hosts += [row.host for row in found.instances]

    def ask(host: str) -> tuple[str, ...]:
        try:
            return addresses.addresses_of(host)
        except AddressError:
            return ()

    answers = ask_all(tuple(dict.fromkeys(hosts)), ask, ALL_SECONDS)
    return frozenset(address for row in answers.values() for address in row)


def _passwords_of(
    access: DirectoryAccess, secrets: Secrets, passwords: Passwords
) -> Callable[[AccountName], Secret | NoAnswer]:
    def usable(account: AccountName) -> Secret | NoAnswer:
        return passwords.usable(account, secrets.get(account), access)

    return usable
