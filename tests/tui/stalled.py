"""An estate that takes every connection and answers nothing: directory, SQL Server, nodes and DNS."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from vmm_wizard.plan.answers import save
from vmm_wizard.plan.model import Plan

HOSTS = ("contoso.lab", "dc01.contoso.lab", "sql01.contoso.lab", "vmmclu.contoso.lab", "vmm.contoso.lab")
NODES = ("vmm01.contoso.lab", "vmm02.contoso.lab")


@contextlib.contextmanager
def stalled_estate(folder: Path, plan: Plan) -> Iterator[threading.Event]:
    """The files of such an estate in `folder`, as a served one has them; gives what is set when somebody has come."""
    reached, kept = threading.Event(), list[socket.socket]()
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def keep() -> None:
        with contextlib.suppress(OSError):
            while True:
                kept.append(listener.accept()[0])
                reached.set()

    threading.Thread(target=keep, daemon=True).start()
    rows = [f'[dns]\naddress = "127.0.0.1"\nport = {silent.getsockname()[1]}\n']
    services = "".join(
        f"{name} = {port}\n" for name in ("ldap", "ldaps", "tds", "browser", "winrm_http", "winrm_https")
    )
    rows += [f'[hosts."{host}"]\naddress = "127.0.0.1"\n{services}' for host in HOSTS + NODES]
    (folder / "address-book.toml").write_text("\n".join(rows), encoding="utf-8")
    accounts = "".join(f"'{account}' = 'right for {account.user}'\n" for account in plan.accounts)
    credentials = folder / "credentials.toml"
    credentials.write_text(f"[accounts]\n{accounts}", encoding="utf-8")
    credentials.chmod(0o600)
    save(plan, folder / "practice.toml")
    try:
        yield reached
    finally:
        for one in (listener, silent, *kept):
            one.close()
