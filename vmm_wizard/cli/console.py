"""`console`: VMM's console on machines of the domain, or taken away from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, prepare_call, yes_option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, load_plan, refuse, secrets_option


@click.command()
@answers_argument
@click.option("--on", "names", multiple=True, required=True, metavar="HOST", help="A machine; may be given again.")
@click.option("--remove", is_flag=True, help="Take the console away.")
@click.option("--media", metavar="FOLDER", default="", help="Where the extracted media are there, unlike media.path.")
@yes_option
@json_option
@book_option
@secrets_option
def console(
    file: Path,
    names: tuple[str, ...],
    remove: bool,
    media: str,
    yes: bool,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Install VMM's console on machines of the domain, one after another, or take it away.

    Setup runs there as a scheduled task of the installing account. Where the management server is, the console is too.
    """
    from vmm_wizard.install.orders import Job, Order
    from vmm_wizard.plan.fields import parse_field
    from vmm_wizard.plan.names import HostName

    door = Door(as_json, yes)
    plan = load_plan(file)
    try:
        hosts = tuple(dict.fromkeys(HostName.parse(name).qualified(plan.dns_domain).key for name in names))
        if media:
            folder = parse_field("media.path", media)
    except ValueError as error:
        refuse(str(error))
    if not remove and not plan.registration.eula_accepted:
        refuse(f"{file}: registration.eula_accepted is false, and setup will not run without it")
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.CONSOLE)
    if media:
        plan = replace(plan, media=replace(plan.media, path=folder))
    what = "taken away from" if remove else "installed on"
    ask_to_go_on(
        door,
        "console",
        f"VMM's console will be {what} {', '.join(hosts)}, by {plan.media.path}\\setup.exe there.",
        f"Setup runs as a scheduled task, which stores the password of {plan.installing_account} there.",
    )
    carry_out(plan, secrets, addresses, Order(Job.CONSOLE, hosts, remove=remove), door)
