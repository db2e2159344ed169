"""`runs --break-lock FILE`: who holds a cluster, and the lock removed when somebody says so."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vmm_wizard.cli.shared import (
    CANCELLED,
    FAILED,
    UNKNOWN,
    ask_missing,
    find_addresses,
    is_interactive,
    load_plan,
    open_log,
    read_secrets,
    refuse,
)
from vmm_wizard.printable import printable
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.addresses import Addresses
    from vmm_wizard.cli.jobs import Door
    from vmm_wizard.plan.model import Plan
    from vmm_wizard.plan.names import AccountName
    from vmm_wizard.plan.secrets import Secret, Secrets
    from vmm_wizard.remote.session import Session


def break_cluster_lock(file: Path, address_book: Path | None, secrets_file: Path | None, door: Door) -> None:
    """Show who holds the cluster of an answer file, ask, and remove that lock, unless it has changed meanwhile."""
    from vmm_wizard import paths
    from vmm_wizard.install.activity import RunActive, beside_no_run
    from vmm_wizard.install.cluster_lock import CALL_SECONDS, occupied
    from vmm_wizard.remote.cluster_lock import break_lock, read_lock
    from vmm_wizard.remote.errors import RemoteError

    plan = load_plan(file)
    addresses, secrets = find_addresses(address_book), read_secrets(secrets_file)
    if is_interactive() and not door.as_json:
        ask_missing((plan.node_account,), secrets)
    if plan.node_account not in secrets:
        refuse(text("commands.shared.password_missing", account=plan.node_account))
    open_log()
    try:
        with beside_no_run(plan, paths.state_folder()):
            session = _session(plan, secrets, addresses)
            try:
                state = read_lock(session, time.monotonic() + CALL_SECONDS)
                if not state.is_held:
                    click.echo(text("commands.locks.nobody", cluster=plan.cluster.name))
                    return
                click.echo(printable(occupied(state, plan)[0]))
                _require_yes(door)
                after = break_lock(session, state, time.monotonic() + CALL_SECONDS)
            finally:
                session.close()
    except RunActive as active:
        refuse(str(active), code=FAILED)
    except RemoteError as error:
        refuse(str(error), code=UNKNOWN)
    if not after.done:
        refuse(text("commands.locks.changed", holder=occupied(after, plan)[0]), code=FAILED)
    click.echo(text("commands.locks.removed"))


def _require_yes(door: Door) -> None:
    if door.yes:
        return
    if door.as_json or not is_interactive():
        refuse(text("commands.shared.wants_yes", job="runs --break-lock"))
    click.echo(text("commands.locks.warns"), err=True)
    if not click.confirm(text("commands.locks.remove"), err=True):
        refuse(text("commands.shared.cancelled"), code=CANCELLED)


def _session(plan: Plan, secrets: Secrets, addresses: Addresses) -> Session:
    """A session with the first node that answers. Raises RemoteError; a refused logon is not repeated."""
    from vmm_wizard.addresses import AddressError
    from vmm_wizard.install.cluster_lock import CALL_SECONDS
    from vmm_wizard.install.context import node_connector
    from vmm_wizard.remote.errors import LogonRefused, NodeUnreachable, RemoteError

    def password(account: AccountName) -> Secret:
        secret = secrets.get(account)
        assert secret is not None
        return secret

    last: RemoteError | None = None
    for node in plan.nodes:
        try:
            connect, _ = node_connector(plan, node.key, password, addresses)
            return connect(time.monotonic() + CALL_SECONDS, threading.Event())
        except LogonRefused:
            raise
        except RemoteError as error:
            last = last or error
        except AddressError as error:
            last = last or NodeUnreachable(node.key, str(error))
    assert last is not None
    raise last
