"""The command that puts VMM on further nodes of a VMM that runs, and reads from it what it need not be told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.jobs import (
    Door,
    ask_passwords,
    ask_to_go_on,
    by_hand_option,
    carry_out,
    how_it_runs,
    restart_option,
    yes_option,
)
from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import (
    FAILED,
    answers_argument,
    ask_missing,
    book_option,
    find_addresses,
    is_interactive,
    json_option,
    read_secrets,
    refuse,
    secrets_option,
    write_text,
)
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.facts.model import Facts
    from vmm_wizard.plan.answers import Draft
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.secrets import Secrets


@command("add-node")
@answers_argument
@option("--node", "nodes", multiple=True, required=True, metavar="NODE", said="commands.add_node.options.node")
@option("--from", "source", default="", metavar="NODE", said="commands.add_node.options.from")
@option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), said="commands.add_node.options.output")
@yes_option
@restart_option
@by_hand_option
@json_option
@book_option
@secrets_option
def add_node(
    file: Path,
    nodes: tuple[str, ...],
    source: str,
    output: Path | None,
    yes: bool,
    restart: bool,
    by_hand: bool,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Install VMM on further nodes of a highly available VMM that runs."""
    from vmm_wizard.install.orders import Job, Order

    door = Door(as_json, yes)
    draft = read_draft(file)
    if not draft.plan.registration.eula_accepted:
        refuse(text("commands.shared.eula", file=file))
    addresses, secrets = find_addresses(address_book), read_secrets(secrets_file)
    new = full_names(draft.plan, nodes)
    plan = adopted(
        draft, secrets, addresses, new, next(iter(full_names(draft.plan, [source] if source else [])), ""), door
    )
    missing = plan.missing()
    if missing:
        refuse(text("commands.add_node.unanswered", file=file, missing=", ".join(missing)))
    if output is not None:
        from vmm_wizard.plan.answers import dumps

        write_text(output, dumps(plan))
        click.echo(text("commands.add_node.written", output=output), err=True)
    ask_passwords(plan, secrets, door, Job.ADD_NODE, by_hand=by_hand)
    ask_to_go_on(
        door,
        "add-node",
        text("commands.add_node.will_be", nodes=", ".join(new), role=plan.cluster.role_name),
        *how_it_runs(plan, by_hand=by_hand),
    )
    carry_out(plan, secrets, addresses, Order(Job.ADD_NODE, new, restart=restart, by_hand=by_hand), door)


def read_draft(file: Path) -> Draft:
    """What an answer file says, and which answers it gives. Refuses one with a mistake."""
    from vmm_wizard.checks.acceptance import objections
    from vmm_wizard.plan.answers import AnswersError, load_draft

    try:
        draft = load_draft(file, rule=objections)
    except AnswersError as error:
        refuse(*(str(mistake) for mistake in error.mistakes))
    if draft.mistakes:
        refuse(*(str(mistake) for mistake in draft.mistakes))
    if not draft.plan.node_account:
        refuse(text("commands.add_node.no_account", file=file))
    return draft


def full_names(plan: Plan, names: Sequence[str]) -> tuple[str, ...]:
    """Names of machines as a user typed them, fully qualified. Refuses what is no name."""
    from vmm_wizard.plan.names import HostName

    found = []
    for name in names:
        try:
            host = HostName.parse(name).qualified(plan.dns_domain)
        except ValueError as error:
            refuse(f"{name}: {error}")
        if not host.suffix:
            refuse(text("commands.add_node.full_name", name=name))
        found.append(host.key)
    return tuple(dict.fromkeys(found))


def adopted(
    draft: Draft, secrets: Secrets, addresses: Addresses, new: tuple[str, ...], source: str, door: Door
) -> Plan:
    """The plan with what the VMM that runs says of itself. Refuses where the answers say otherwise."""
    from vmm_wizard.install.adopting import ask_running
    from vmm_wizard.install.adoption import adopt
    from vmm_wizard.preflight import Preflight

    if is_interactive() and not door.as_json:
        ask_missing((draft.plan.node_account,), secrets)
    preflight = Preflight(secrets, addresses)

    def look(plan: Plan) -> Facts:
        return list(preflight.run(plan))[-1].facts

    try:
        source, facts = ask_running(draft.plan, look, new, source)
        if not source:
            refuse(text("commands.add_node.no_vmm", nodes=", ".join(new)), code=FAILED)
        found = adopt(draft.plan, facts, source, new, draft.stated)
        if not found.conflicts:
            # Once it is known where SQL Server is, it is asked as well.
            found = adopt(draft.plan, look(found.plan), source, new, draft.stated)
    finally:
        preflight.close()
    if found.conflicts:
        refuse(*found.conflicts, code=FAILED)
    if not door.as_json:
        from vmm_wizard.plan.fields import field_text

        for row in found.read:
            value = field_text(found.plan, row.key) or text("commands.add_node.none")
            click.echo(text("commands.add_node.read", answer=row.key, value=value, where=row.where), err=True)
    return found.plan
