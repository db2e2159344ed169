"""`console`: VMM's console on machines of the domain, or taken away from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vmm_wizard.cli.jobs import Door, ask_to_go_on, carry_out, prepare_call, yes_option
from vmm_wizard.cli.said import command, option
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, load_plan, refuse, secrets_option
from vmm_wizard.texts import text


@command()
@answers_argument
@option("--on", "names", multiple=True, required=True, metavar="HOST", said="commands.console.options.on")
@option("--remove", is_flag=True, said="commands.console.options.remove")
@option("--media", metavar="FOLDER", default="", said="commands.console.options.media")
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
    """Install VMM's console on machines of the domain, one after another, or take it away."""
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
        refuse(text("commands.shared.eula", file=file))
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.CONSOLE)
    if media:
        plan = replace(plan, media=replace(plan.media, path=folder))
    what = "removed" if remove else "installed"
    ask_to_go_on(
        door,
        "console",
        text(f"commands.console.will_be.{what}", nodes=", ".join(hosts), path=plan.media.path),
        text("commands.shared.stores_password", account=plan.installing_account),
    )
    carry_out(plan, secrets, addresses, Order(Job.CONSOLE, hosts, remove=remove), door)
