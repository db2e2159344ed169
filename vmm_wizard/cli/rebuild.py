"""The command that installs VMM anew on the database that was kept."""

from __future__ import annotations

from pathlib import Path

from vmm_wizard.cli.jobs import (
    Door,
    ask_to_go_on,
    by_hand_option,
    carry_out,
    how_it_runs,
    prepare_call,
    restart_option,
    yes_option,
)
from vmm_wizard.cli.said import command
from vmm_wizard.cli.shared import answers_argument, book_option, json_option, load_plan, refuse, secrets_option
from vmm_wizard.texts import text


@command()
@answers_argument
@yes_option
@restart_option
@by_hand_option
@json_option
@book_option
@secrets_option
def rebuild(
    file: Path,
    yes: bool,
    restart: bool,
    by_hand: bool,
    as_json: bool,
    address_book: Path | None,
    secrets_file: Path | None,
) -> None:
    """Install VMM on the database and with the keys that an uninstall kept."""
    from vmm_wizard.install.orders import Job, Order

    door = Door(as_json, yes)
    if not load_plan(file).registration.eula_accepted:
        refuse(text("commands.shared.eula", file=file))
    plan, secrets, addresses = prepare_call(file, address_book, secrets_file, door, Job.REBUILD, by_hand=by_hand)
    names = ", ".join(str(node) for node in plan.nodes)
    ask_to_go_on(
        door,
        "rebuild",
        text(
            "commands.rebuild.will_be",
            nodes=names,
            account=plan.service_account.name,
            database=plan.database.name,
            server=plan.database.target,
            container=plan.dkm.dn,
        ),
        *how_it_runs(plan, by_hand=by_hand),
    )
    carry_out(plan, secrets, addresses, Order(Job.REBUILD, restart=restart, by_hand=by_hand), door)
