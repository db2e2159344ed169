"""The command that looks for what a plan could name: `discover`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
    GOOD,
    UNKNOWN,
    ask_missing,
    book_option,
    find_addresses,
    is_interactive,
    json_option,
    load_plan,
    open_log,
    read_secrets,
    refuse,
    secrets_option,
    width,
)
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.facts.directory_domain import DomainView
    from vmm_wizard.facts.model import NoAnswer
    from vmm_wizard.facts.passwords import Passwords
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.secrets import Secrets

T = TypeVar("T")


@command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@option("--domain", default="", metavar="DOMAIN", said="commands.discovering.options.domain")
@option("--account", default="", metavar="ACCOUNT", said="commands.discovering.options.account")
@option("--accounts", "letters", default="", metavar="LETTERS", said="commands.discovering.options.accounts")
@option("--below", default="", metavar="DN", said="commands.discovering.options.below")
@json_option
@book_option
@secrets_option
def discover(
    file: Path | None,
    domain: str,
    account: str,
    letters: str,
    below: str,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Look for what the wizard's lists offer; change nothing."""
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName

    letters = letters.strip()
    plan = load_plan(file, complete=False) if file else Plan()
    try:
        if domain:
            plan = replace(plan, domain=HostName.parse(domain))
        if account:
            asking = AccountName.parse(account)
            connection = replace(plan.connection, directory_account=asking, node_account=asking)
            plan = replace(plan, installing_account=plan.installing_account or asking, connection=connection)
    except ValueError as error:
        refuse(f"{domain or account}: {error}")
    try:
        below = str(DistinguishedName.parse(below)) if below else ""
    except ValueError as error:
        refuse(f"{below}: {error}")
    if not plan.dns_domain:
        refuse(text("commands.discovering.no_domain"))
    addresses = find_addresses(address_book)
    secrets = read_secrets(secrets_file)
    if is_interactive() and not as_json:
        wanted = replace(plan, service_account=Plan().service_account, database=Plan().database)
        asked = replace(wanted, installing_account=plan.directory_account).accounts
        if letters or below:
            asked = tuple(each for each in asked if each == plan.directory_account)
        ask_missing(asked, secrets)
    open_log()
    from vmm_wizard.facts.passwords import Passwords

    passwords = Passwords(addresses)
    try:
        if letters or below:
            is_whole = _by_need(plan, letters, below, secrets, passwords, as_json=as_json)
        else:
            is_whole = _all(plan, secrets, passwords, addresses, as_json=as_json)
    finally:
        passwords.close()
    raise SystemExit(GOOD if is_whole else UNKNOWN)


def _all(plan: Plan, secrets: Secrets, passwords: Passwords, addresses: Addresses, *, as_json: bool) -> bool:
    """Look for everything and tell it; whether all of it was answered."""
    from vmm_wizard.facts.discovery import discover as look
    from vmm_wizard.facts.discovery import discovery_question
    from vmm_wizard.facts.model import NoAnswer
    from vmm_wizard.report import discovery as report

    shown = sys.stderr.isatty() and not as_json
    last = None
    for found in look(discovery_question(plan, addresses.ca_file or ""), secrets, passwords, addresses):
        last = found
        if shown:
            click.echo(f"\r\x1b[K{text('commands.discovering.looking')}", err=True, nl=False)
    if shown:
        click.echo("\r\x1b[K", err=True, nl=False)
    assert last is not None
    nodes = tuple(node.key for node in plan.nodes)
    if as_json:
        click.echo(report.as_json(last, plan.release, nodes))
    else:
        for line in report.as_text(last, plan.release, nodes, width()):
            click.echo(line)
    parts = (last.controllers, last.instances, last.clusters, last.accounts, last.containers)
    return not any(isinstance(part, NoAnswer) for part in parts)


def _by_need(plan: Plan, letters: str, below: str, secrets: Secrets, passwords: Passwords, *, as_json: bool) -> bool:
    """Ask for accounts by letters and for what is below an object, and tell it; whether all of it was answered."""
    from vmm_wizard.facts.directory_accounts import ask_accounts
    from vmm_wizard.facts.directory_tree import ask_children
    from vmm_wizard.facts.discovery import ask_directory
    from vmm_wizard.facts.model import NoAnswer
    from vmm_wizard.facts.questions import questions
    from vmm_wizard.report import discovery as report

    def ask(what: str, of: str, find: Callable[[DomainView, str], T]) -> T | NoAnswer | None:
        return ask_directory(access, secrets, passwords, what, lambda view: find(view, of)) if of else None

    access = questions(plan, passwords.addresses.ca_file or "").access
    accounts = ask(text("reasons.discovery.accounts"), letters, ask_accounts)
    children = ask(below, below, ask_children)
    if as_json:
        click.echo(report.by_need_as_json(plan.dns_domain, letters, accounts, below, children))
    else:
        lines = [] if accounts is None else report.accounts_as_text(letters, accounts, width())
        if children is not None:
            lines += [*([""] if lines else []), *report.below_as_text(below, children, width())]
        for line in lines:
            click.echo(line)
    return not any(isinstance(part, NoAnswer) for part in (accounts, children))
