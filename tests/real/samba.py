"""A Samba AD domain controller of our own: provisioned into a temporary folder, on a loopback address of its own."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.real.conftest import need
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.questions import DirectoryAccess, Trust
from vmm_wizard.lab.certificates import CertificateAuthority
from vmm_wizard.plan.model import Authentication
from vmm_wizard.plan.names import AccountName

REALM = "ad.example"
NETBIOS = "EXAMPLE"
BASE = "DC=ad,DC=example"
HOST = "dc1.ad.example"
PASSWORD = "Prüf-Passw0rd (1)"

_ADMIN_PASSWORD = "Adm1n-Passw0rd"
_PORTS = (88, 389, 636, 3268, 3269)
#: Samba's control that lets pwdLastSet be written as it is.
_AS_IT_IS = "local_oid:1.3.6.1.4.1.7165.4.3.12:0"


@dataclass(frozen=True)
class SambaDomain:
    """A running domain controller. Write to it with `add` and `modify`, as its own system account."""

    place: Path
    address: str
    ca_file: Path

    @property
    def sam(self) -> str:
        """The account database, open to ldb-tools while the server runs."""
        return str(self.place / "dc/private/sam.ldb")

    def addresses(self, *, ldaps: int = 636, ca_file: str | None = "ca.pem") -> AddressBook:
        """An address book that leads here; another `ldaps` port than 636 leads nowhere."""
        entry: Mapping[str, object] = {"address": self.address, "ldap": 389, "ldaps": ldaps, "tcp": {"3269": 3269}}
        return AddressBook(self.place / "book.toml", {HOST: entry}, None, self.place / ca_file if ca_file else None)

    def access(
        self, account: str, authentication: Authentication = Authentication.AUTO, trust: Trust | None = None
    ) -> DirectoryAccess:
        """How `account` (a sAMAccountName, or a full name) asks this directory."""
        name = account if "\\" in account or "@" in account else f"{NETBIOS}\\{account}"
        return DirectoryAccess(REALM, HOST, AccountName.parse(name), authentication, trust or Trust())

    def add(self, dn: str, *lines: str) -> str:
        """Add an object; each line is `attribute: value`. The DN."""
        self._ldb("ldbadd", f"dn:: {_base64(dn)}\n" + "\n".join(lines) + "\n")
        return dn

    def modify(self, dn: str, attribute: str, value: str, *, add: bool = False, as_it_is: bool = False) -> None:
        """Replace an attribute, or add a value to it. `as_it_is`: also where Samba would set the value itself."""
        control = [f"--controls={_AS_IT_IS}"] if as_it_is else []
        how = "add" if add else "replace"
        text = f"dn:: {_base64(dn)}\nchangetype: modify\n{how}: {attribute}\n{attribute}: {value}\n"
        self._ldb("ldbmodify", text, *control)

    def user(self, sam: str, *lines: str, control: int = 512) -> str:
        """A user with PASSWORD in CN=Users. The DN."""
        password = base64.b64encode(f'"{PASSWORD}"'.encode("utf-16-le")).decode()
        return self.add(
            f"CN={sam},CN=Users,{BASE}",
            "objectClass: user",
            f"sAMAccountName: {sam}",
            f"userPrincipalName: {sam}@{REALM}",
            f"userAccountControl: {control}",
            f"unicodePwd:: {password}",
            *lines,
        )

    def group(self, name: str, *members: str) -> str:
        """A global security group. The DN."""
        return self.add(
            f"CN={name},CN=Users,{BASE}",
            "objectClass: group",
            f"sAMAccountName: {name}",
            *(f"member: {member}" for member in members),
        )

    def container(self, dn: str, dacl: str = "") -> str:
        """A container, with a DACL in SDDL where one is given. The DN."""
        lines = ["objectClass: container"]
        if dacl:
            lines.append(f"nTSecurityDescriptor: O:DAG:DAD:{dacl}")
        return self.add(dn, *lines)

    def grant(self, dn: str, entry: str) -> None:
        """Put an access control entry, in SDDL, in front of an object's others."""
        self._run("samba-tool", "dsacl", "set", "-H", self.sam, f"--objectdn={dn}", f"--sddl={entry}")

    @contextmanager
    def second_domain(self) -> Iterator[None]:
        """Let the forest list another domain for a while: one of its other naming contexts is passed off as one.
        Samba's KDC, which looks for realms there, is of no use meanwhile."""
        listed = f"CN=Enterprise Schema,CN=Partitions,CN=Configuration,{BASE}"
        self.modify(listed, "nETBIOSName", "CHILD", add=True)
        self.modify(listed, "systemFlags", "3")
        try:
            yield
        finally:
            self._ldb("ldbmodify", f"dn: {listed}\nchangetype: modify\ndelete: nETBIOSName\n")
            self.modify(listed, "systemFlags", "1")

    def value(self, dn: str, attribute: str) -> str:
        """An attribute's first value as ldbsearch prints it; empty when there is none."""
        done = self._run("ldbsearch", "-H", self.sam, "-b", dn, "-s", "base", attribute)
        prefix = f"{attribute.lower()}: "
        lines = done.stdout.splitlines()
        return next((line[len(prefix) :] for line in lines if line.lower().startswith(prefix)), "")

    def sid(self, dn: str) -> str:
        """An object's SID."""
        return self.value(dn, "objectSid")

    def krb5_conf(self) -> Path:
        """A Kerberos configuration that knows this realm and no name service."""
        path = self.place / "krb5.conf"
        path.write_text(
            f"[libdefaults]\ndefault_realm = {REALM.upper()}\ndns_lookup_kdc = false\ndns_lookup_realm = false\n"
            "rdns = false\ndns_canonicalize_hostname = false\n"
            f"[realms]\n{REALM.upper()} = {{\n  kdc = {self.address}\n}}\n"
            f"[domain_realm]\n.{REALM} = {REALM.upper()}\n"
        )
        return path

    def _ldb(self, program: str, text: str, *options: str) -> None:
        self._run(program, "-H", self.sam, *options, text=text)

    def _run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def file_time(seconds: float) -> str:
    """A Unix time as Windows counts it."""
    return str(int((seconds + 11644473600) * 10_000_000))


def _free_address() -> str:
    """A loopback address whose standard ports nobody uses."""
    for last in range(20, 250):
        address = f"127.88.0.{last}"
        try:
            for port in _PORTS:
                socket.create_server((address, port)).close()
        except OSError:
            continue
        return address
    raise AssertionError("no loopback address is free for Samba")


def _configuration(place: Path, address: str) -> str:
    dc = place / "dc"
    own = {
        "pid directory": place / "run",
        "ncalrpc dir": place / "run/ncalrpc",
        "winbindd socket directory": place / "run/winbindd",
        "ntp signd socket directory": place / "run/ntp",
        "lock directory": dc,
        "private dir": dc / "private",
        "state directory": dc / "state",
        "cache directory": dc / "cache",
        "log file": place / "samba.log",
        "tls cafile": place / "ca.pem",
        "tls certfile": place / "server.pem",
        "tls keyfile": place / "server.key",
    }
    lines = [f"    {name} = {value}" for name, value in own.items()]
    return "\n".join(
        [
            "[global]",
            "    netbios name = DC1",
            f"    realm = {REALM.upper()}",
            f"    workgroup = {NETBIOS}",
            "    server role = active directory domain controller",
            "    server services = ldap, cldap, kdc",
            f"    interfaces = {address}/8",
            "    bind interfaces only = yes",
            "    ldap server require strong auth = allow_sasl_over_tls",
            "    tls enabled = yes",
            *lines,
            "",
        ]
    )


def _provision(place: Path, address: str) -> None:
    empty = place / "empty.conf"
    empty.touch()
    command = [
        "samba-tool",
        "domain",
        "provision",
        f"--realm={REALM.upper()}",
        f"--domain={NETBIOS}",
        "--server-role=dc",
        "--dns-backend=NONE",
        f"--adminpass={_ADMIN_PASSWORD}",
        "--host-name=dc1",
        f"--host-ip={address}",
        f"--targetdir={place / 'dc'}",
        "--configfile",
        str(empty),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    for folder in ("run", "run/ncalrpc", "run/winbindd", "run/ntp", "dc/cache"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    configuration = place / "smb.conf"
    configuration.write_text(_configuration(place, address))
    policy = ["samba-tool", "domain", "passwordsettings", "set", "--configfile", str(configuration)]
    policy += ["--account-lockout-threshold=3", "--min-pwd-age=0", "--history-length=0"]
    done = subprocess.run(policy, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def _certificates(place: Path) -> None:
    authority = CertificateAuthority.create("Samba Test CA")
    certificate, key = authority.issue(HOST)
    authority.write(place / "ca.pem")
    CertificateAuthority.create("Somebody Else's CA").write(place / "other-ca.pem")
    (place / "server.pem").write_bytes(certificate)
    key_file = place / "server.key"
    key_file.touch(0o600)
    key_file.write_bytes(key)


def _listens(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    pending = list(_PORTS)
    while pending and time.monotonic() < until:
        assert process.poll() is None, "samba ended while it started"
        try:
            socket.create_connection((address, pending[0]), 1).close()
            pending.pop(0)
        except OSError:
            time.sleep(0.05)
    assert not pending, f"samba does not listen on {pending}"


@contextmanager
def _running() -> Iterator[SambaDomain]:
    place = Path(tempfile.mkdtemp(prefix="samba-"))
    address = _free_address()
    process = None
    try:
        _provision(place, address)
        _certificates(place)
        log = (place / "output.txt").open("wb")
        command = ["samba", "--foreground", "--no-process-group", "--model=single", "--configfile", f"{place}/smb.conf"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        _listens(address, process)
        domain = SambaDomain(place, address, place / "ca.pem")
        # What samba_spnupdate would add where a name service runs: Kerberos clients ask for this name.
        domain.modify(f"CN=DC1,OU=Domain Controllers,{BASE}", "servicePrincipalName", f"ldap/{HOST}", add=True)
        yield domain
    finally:
        if process is not None:
            process.terminate()
            process.wait(30)
        shutil.rmtree(place, ignore_errors=True)


@cache
def samba_domain() -> SambaDomain:
    """The domain controller that all tests of this process share; ended when the process ends. Skips without Samba."""
    import atexit

    for program in ("samba", "samba-tool", "ldbadd", "ldbmodify", "ldbsearch"):
        need(shutil.which(program) is not None, f"{program} is not installed (Debian: samba-ad-dc, ldb-tools)")
    need(hasattr(os, "geteuid") and os.geteuid() == 0, "Samba needs root for its ports")
    context = _running()
    domain = context.__enter__()
    atexit.register(context.__exit__, None, None, None)
    return domain
