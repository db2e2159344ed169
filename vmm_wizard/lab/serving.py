"""Puts servers in front of an estate on loopback, and writes down where they are: the address book comes last."""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filelock

from vmm_wizard.lab import contoso
from vmm_wizard.lab.certificates import CertificateAuthority, der, server_context
from vmm_wizard.lab.dns_server import DnsServer
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.ldap_server import LdapServer, loopback_listener
from vmm_wizard.lab.sockets import bound_socket, cut
from vmm_wizard.lab.sql_browser import Instance, SqlBrowser
from vmm_wizard.lab.tds_server import TdsServer
from vmm_wizard.lab.winrm_server import Shells, WinrmServer

LOOPBACK = "127.0.0.1"
#: Roles that the address book has a console port for: those of the example plans, by console port.
ROLES = {"vmm": 8100, "vmmprod": 8110}
#: Real seconds until a state that could not be written is tried again.
_WRITE_AGAIN = 0.05


def _by_lines(report: Mapping[str, Any]) -> str:
    """A JSON object with a line for each key: written after every change, so not indented further, which costs most."""
    return "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in report.items()) + "\n}\n"


class ConsolePort:
    """The console port of a role on loopback: kept from the start, listening only while the role is online."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bound = bound_socket(LOOPBACK, 0)
        self.port: int = self._bound.getsockname()[1]
        self._listening = False

    def open(self) -> None:
        """Accept connections (and end them at once: nobody speaks WCF here)."""
        with self._lock:
            if self._listening:
                return
            self._listening = True
            self._bound.listen(16)
            threading.Thread(target=self._accept, args=(self._bound,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.close()

    def close(self, *, forever: bool = False) -> None:
        """Refuse connections again; the port stays ours unless `forever`."""
        with self._lock:
            was_listening, self._listening = self._listening, False
            if was_listening or forever:
                cut(self._bound)
            if was_listening and not forever:
                self._bound = bound_socket(LOOPBACK, self.port)


class Serving:
    """All servers of an estate. Use as a context manager; `folder` gets the address book and what goes with it."""

    def __init__(self, estate: Estate, folder: Path) -> None:
        self.estate = estate
        self.folder = folder
        self._authority = CertificateAuthority.create("Practice estate CA")
        self._lock = filelock.FileLock(folder / ".served.lock", timeout=0)
        self._close: list[Any] = []
        self._hosts: dict[str, dict[str, Any]] = {}
        self._dirty = threading.Event()
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write_states, name="state.json", daemon=True)
        self._roles = {name: ConsolePort() for name in ROLES}
        self.browsers: dict[str, SqlBrowser] = {}
        self.tds: dict[str, TdsServer] = {}
        self._listeners: dict[str, list[TdsServer]] = {}
        self.ldap: LdapServer | None = None
        self.other_controllers: dict[str, LdapServer] = {}

    def __enter__(self) -> Serving:
        """Serve. Raises OSError when the folder or a port cannot be had, or another estate is served from there."""
        try:
            self._occupy()
            (self.folder / "address-book.toml").unlink(missing_ok=True)
            self._serve_directory()
            self._serve_sql()
            self._serve_nodes()
            for role, port in ROLES.items():
                self._hosts[f"{role}.{self.estate.domain}"] = {
                    "address": LOOPBACK,
                    "tcp": {str(port): self._roles[role].port},
                }
            self.estate.on_role = self._role_changed
            self.estate.on_reach = self._reach_changed
            for host in self.estate.unreachable:
                self._reach_changed(host, False)
            dns = DnsServer([self.estate.zone, self.estate.reverse_zone], LOOPBACK)
            dns.start()
            self._close.append(dns)
            self._dns_port = dns.port
            self._authority.write(self.folder / "ca.pem")
            self.estate.on_change = self._dirty.set
            self._write_private("credentials.toml", self._credentials())
            self._write_private("practice.toml", self.estate.answers)
            self._write_state()
            self._writer.start()
            self._write("address-book.toml", self._address_book())
        except BaseException:
            self.close()
            raise
        return self

    def _occupy(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise OSError(errno.EBUSY, "another practice estate is served from there") from None

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything. The files stay, and the last state is the one at the end."""
        self.estate.close()
        for server in reversed(self._close):
            server.close()
        for port in self._roles.values():
            port.close(forever=True)
        self._stop.set()
        self._dirty.set()
        if self._writer.is_alive():
            self._writer.join(5)
        self._lock.release()

    # --- servers

    def _context(self, host: str) -> Any:
        certificate, key = self._authority.issue(host)
        return server_context(certificate, key, self.folder)

    def _serve_directory(self) -> None:
        self.ldap = self._serve_controller(contoso.DC)
        self.estate.ldaps_port = self.ldap.ldaps_port
        for host, missing in self.estate.other_controllers.items():
            self.other_controllers[host] = self._serve_controller(host, missing)

    def _serve_controller(self, host: str, missing: frozenset[str] = frozenset()) -> LdapServer:
        certificate, key = self._authority.issue(host)
        server = LdapServer(
            self.estate.directory,
            self.estate.logons,
            host,
            plain=loopback_listener(),
            secure=loopback_listener(),
            tls=server_context(certificate, key, self.folder),
            certificate=der(certificate),
            missing=missing,
        )
        server.start()
        self._close.append(server)
        self._hosts[host] = {"address": LOOPBACK, "ldap": server.port, "ldaps": server.ldaps_port}
        return server

    def _serve_sql(self) -> None:
        for host, state in self.estate.sql_servers.items():
            server = TdsServer(state, self.estate.logons, self._context(host))
            self.tds[host] = server
            self._close.append(server)
            self.estate.instance_ports[host] = server.port
            self._hosts[host] = {"address": LOOPBACK, "tds": server.port}
            if state.instance:
                instance = Instance(state.machine_name, state.instance, state.product_version, server.port)
                browser = SqlBrowser(lambda instance=instance: [instance])  # type: ignore[misc]
                self.browsers[host] = browser
                self._close.append(browser)
                self._hosts[host]["browser"] = browser.port
            for listener in [item for group in state.groups for item in group.listeners]:
                name = f"{listener.dns_name}.{self.estate.domain}"
                served = TdsServer(state, self.estate.logons, self._context(name))
                self._close.append(served)
                self._hosts[name] = {"address": LOOPBACK, "tds": served.port}
                self._listeners.setdefault(host, []).append(served)

    def _serve_nodes(self) -> None:
        for host, node in self.estate.machines.items():
            shells = Shells(node, self.estate.clock)
            for transport, context in (("winrm_http", None), ("winrm_https", self._context(host))):
                server = WinrmServer(
                    node,
                    self.estate.logons,
                    context,
                    name=node.computer_name,
                    domain=contoso.NETBIOS,
                    clock=self.estate.clock,
                    shells=shells,
                )
                node.wire.attach(server)
                self._close.append(server)
                self._hosts.setdefault(host, {"address": LOOPBACK})[transport] = server.port

    def _role_changed(self, name: str, port: int) -> None:
        console = self._roles.get(name)
        if console is None:
            return
        if port:
            console.open()
        else:
            console.close()

    def _reach_changed(self, host: str, answers: bool) -> None:
        """A controller or a SQL Server goes away, or is back: the port is kept, and refuses meanwhile."""
        controllers = {contoso.DC: self.ldap, **self.other_controllers}
        controller = controllers.get(host)
        if controller is not None:
            controller.refusing = not answers
            if not answers:
                controller.hang_up()
        for server in [*([self.tds[host]] if host in self.tds else []), *self._listeners.get(host, ())]:
            server.behaviour = "answering" if answers else "refusing"
            if not answers:
                server.hang_up()
        if host in self.browsers:
            self.browsers[host].silent = not answers

    # --- files

    def _address_book(self) -> str:
        lines = [
            "# Written by the practice estate. With this book, nothing outside it is ever resolved or connected to.",
            'ca_file = "ca.pem"',
            "[dns]",
            f'address = "{LOOPBACK}"',
            f"port = {self._dns_port}",
        ]
        for host, entry in self._hosts.items():
            if host in self.estate.hidden:
                entry = self._closed(entry)
            lines.append(f'[hosts."{host}"]')
            for key, value in entry.items():
                if isinstance(value, dict):
                    inner = ", ".join(f"{port} = {where}" for port, where in value.items())
                    lines.append(f"{key} = {{{inner}}}")
                else:
                    lines.append(f"{key} = {json.dumps(value)}")
        return "\n".join(lines) + "\n"

    def _closed(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The same host with ports that nobody listens on, and that stay ours."""
        ports = {}
        for service in entry.keys() - {"address", "tcp"}:
            kept = bound_socket(LOOPBACK, 0)
            self._close.append(kept)
            ports[service] = kept.getsockname()[1]
        return {"address": entry["address"], **ports}

    def _credentials(self) -> str:
        lines = [
            "# Practice only: the passwords of this estate's accounts. They are new each time it is served.",
            "[accounts]",
        ]
        told = {row.account: row.password for row in self.estate.logons.credentials} | self.estate.told_passwords
        lines += [f"'{account}' = {json.dumps(password)}" for account, password in told.items()]
        lines += ["", "# A SQL Server login, for tests of drivers.", "[sql_logins]"]
        server = next(iter(self.estate.sql_servers.values()))
        lines += [f"'{row.name}' = {json.dumps(row.password)}" for row in server.logins if row.password]
        return "\n".join(lines) + "\n"

    def _write(self, name: str, text: str) -> None:
        """Write a file whole or not at all."""
        temporary = self.folder / f".{name}.new"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.folder / name)

    def _write_private(self, name: str, text: str) -> None:
        temporary = self.folder / f".{name}.new"
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(self.folder / name)

    def _write_state(self) -> None:
        self._write("state.json", _by_lines(self.estate.report()))

    def _write_states(self) -> None:
        while True:
            self._dirty.wait()
            self._dirty.clear()
            is_last = self._stop.is_set()
            try:
                self._write_state()
            except OSError:
                # A reader holds the file (Windows), or the folder went away under an estate that is being stopped.
                self._stop.wait(_WRITE_AGAIN)
                self._dirty.set()
            if is_last:
                return
