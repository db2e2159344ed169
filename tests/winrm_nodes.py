"""Nodes for tests of both ends of WinRM: a backend that answers a few commands, accounts, certificates."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from vmm_wizard.lab.logons import Credential, Logons
from vmm_wizard.lab.winrm_server import CommandResult, ShellSession
from vmm_wizard.remote import bootstrap
from vmm_wizard.remote.bootstrap import JSON, ScriptRequest

ADMIN = "CONTOSO\\vmm-setup"
ADMIN_UPN = "vmm-setup@contoso.lab"
PASSWORD = "Practice-Pa55:word ä"
VISITOR = "CONTOSO\\visitor"


def contoso_logons(lockout: int = 3) -> Logons:
    """One administrator, one account without rights on nodes, one disabled."""
    logons = Logons(lockout)
    logons.add(Credential(ADMIN, PASSWORD, "S-1-5-21-1-2-3-1104", "CN=vmm-setup", (ADMIN_UPN,)))
    logons.add(Credential(VISITOR, PASSWORD, "S-1-5-21-1-2-3-1105", "CN=visitor"))
    logons.add(Credential("CONTOSO\\gone", PASSWORD, "S-1-5-21-1-2-3-1106", "CN=gone", state="disabled"))
    return logons


Answer = Mapping[str, JSON] | CommandResult


@dataclass
class PracticeNode:
    """A node that runs our bootstrap's scripts by asking `scripts[name]`, and a few commands of cmd.exe."""

    scripts: dict[str, Callable[[ScriptRequest, ShellSession], Answer]] = field(default_factory=dict)
    shells_allowed: bool = True
    commands: list[str] = field(default_factory=list)
    runs: list[ScriptRequest] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def may_log_on(self, credential: Credential) -> bool:
        return credential.account == ADMIN

    def shell_allowed(self) -> bool:
        return self.shells_allowed

    def run(self, command: str, arguments: list[str], session: ShellSession) -> CommandResult:
        line = " ".join([command, *arguments])
        self.commands.append(line)
        if line == " ".join([bootstrap.PROGRAM, *bootstrap.arguments()]):
            return self._run_script(session)
        if command == "whoami":
            return CommandResult(session.credential.account.encode() + b"\r\n")
        if command == "more":
            return CommandResult(session.stdin())
        if command == "wait":
            return self._wait(session)
        if command == "fail":
            raise RuntimeError("the backend has a fault")
        if command == "echo":
            return CommandResult(" ".join(arguments).encode("utf-16"))
        if command == "exit":
            return CommandResult(exit_code=int(arguments[0]))
        if command.lower().startswith("powershell"):
            return CommandResult(b"5.1\r\n")
        return CommandResult(stderr=f"'{command}' is not recognized\r\n".encode(), exit_code=1)

    def _run_script(self, session: ShellSession) -> CommandResult:
        request = bootstrap.read_stdin(session.stdin())
        self.runs.append(request)
        answer = self.scripts[request.name](request, session)
        return answer if isinstance(answer, CommandResult) else CommandResult(bootstrap.write_answer(answer))

    def _wait(self, session: ShellSession) -> CommandResult:
        self.started.set()
        session.cancelled.wait()
        self.stopped.set()
        return CommandResult(exit_code=1)


def wait_forever(node: PracticeNode) -> Callable[[ScriptRequest, ShellSession], Answer]:
    """A script that ends only when it is terminated."""
    return lambda _request, session: node._wait(session)


class Certificates:
    """A practice authority in a folder: `ca_file`, and server contexts for names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._ca = self._sign("Practice CA", self._key, None)
        self.ca_file = str(folder / "ca.pem")
        (folder / "ca.pem").write_bytes(self._ca.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, host: str | None) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = subject if host is None else self._ca.subject
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def context(self, host: str) -> tuple[ssl.SSLContext, str]:
        """(server context with a certificate for `host`, the certificate's SHA-256 fingerprint)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(host, key, host)
        path = self._folder / f"{host.replace(':', '_')}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context, certificate.fingerprint(hashes.SHA256()).hex()


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
