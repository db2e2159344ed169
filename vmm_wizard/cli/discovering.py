"""The command that looks for what a plan could name: `discover`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

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


@command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@option("--domain", default="", metavar="DOMAIN", said="commands.discovering.options.domain")
@option("--account", default="", metavar="ACCOUNT", said="commands.discovering.options.account")
@json_option
@book_option
@secrets_option
def discover(
    file: Path | None,
    domain: str,
    account: str,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Look for domain controllers, SQL Servers, clusters with their nodes, and free addresses; change nothing."""
    from vmm_wizard.facts.model import NoAnswer
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.names import AccountName, HostName

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
    if not plan.dns_domain:
        refuse(text("commands.discovering.no_domain"))
    addresses = find_addresses(address_book)
    secrets = read_secrets(secrets_file)
    if is_interactive() and not as_json:
        wanted = replace(plan, service_account=Plan().service_account, database=Plan().database)
        ask_missing(replace(wanted, installing_account=plan.directory_account).accounts, secrets)
    open_log()
    from vmm_wizard.facts.discovery import discover as look
    from vmm_wizard.facts.discovery import discovery_question
    from vmm_wizard.facts.passwords import Passwords
    from vmm_wizard.report import discovery as report

    passwords = Passwords(addresses)
    shown = sys.stderr.isatty() and not as_json
    last = None
    try:
        for found in look(discovery_question(plan, addresses.ca_file or ""), secrets, passwords, addresses):
            last = found
            if shown:
                click.echo(f"\r\x1b[K{text('commands.discovering.looking')}", err=True, nl=False)
    finally:
        passwords.close()
    if shown:
        click.echo("\r\x1b[K", err=True, nl=False)
    assert last is not None
    nodes = tuple(node.key for node in plan.nodes)
    if as_json:
        click.echo(report.as_json(last, plan.release, nodes))
    else:
        for line in report.as_text(last, plan.release, nodes, width()):
            click.echo(line)
    gaps = [part for part in (last.controllers, last.instances, last.clusters) if isinstance(part, NoAnswer)]
    raise SystemExit(UNKNOWN if gaps else GOOD)
