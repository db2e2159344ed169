"""OpenLDAP's ldapsearch and ldap3 against the estate's directory: they find what is there, refuse what they should."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import ldap3
import pytest
from ldap3.protocol.microsoft import security_descriptor_control

from tests.lab.served_directory import BASE, PASSWORD, USERS, Served, serving
from tests.real.conftest import need
from vmm_wizard.lab.certificates import CertificateAuthority
from vmm_wizard.lab.descriptors import CONTAINER_INHERIT, GENERIC_ALL, Descriptor, allow

ALICE = f"CN=alice,{USERS}"


def name_that_ldapsearch_checks() -> str:
    """OpenLDAP connects to localhost and then wants a certificate for this machine's own name."""
    name = socket.gethostname()
    try:
        return socket.getaddrinfo(name, None, flags=socket.AI_CANONNAME)[0][3] or name
    except OSError:
        return name


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, host=name_that_ldapsearch_checks()) as running:
        yield running


@pytest.fixture
def ldapsearch() -> str:
    program = shutil.which("ldapsearch")
    need(program is not None, "ldapsearch is not installed (Debian package ldap-utils)")
    assert program is not None
    return program


def run(
    program: str,
    served: Served,
    *arguments: str,
    scheme: str = "ldaps",
    host: str = "localhost",
    password: str = PASSWORD,
    trusted: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """One simple-bind search as alice, trusting the estate's authority unless `trusted` names another file."""
    port = served.server.ldaps_port if scheme == "ldaps" else served.server.port
    environment = os.environ | {
        "LDAPTLS_CACERT": str(trusted or served.ca_file),
        "LDAPTLS_REQCERT": "demand",
    }
    command = [program, "-x", "-LLL", "-o", "ldif-wrap=no", "-o", "nettimeout=20", "-H", f"{scheme}://{host}:{port}"]
    command += ["-D", "CONTOSO\\alice", "-w", password, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


class TestLdapsearch:
    def test_it_finds_an_account_over_ldaps(self, served: Served, ldapsearch: str) -> None:
        done = run(ldapsearch, served, "-b", BASE, "(&(objectCategory=person)(sAMAccountName=ali*))", "sAMAccountName")
        assert done.returncode == 0, done.stderr
        assert f"dn: {ALICE}\nsAMAccountName: alice\n" in done.stdout
        assert f"# refldap://contoso.lab/CN=Configuration,{BASE}" in done.stdout

    def test_it_finds_an_account_over_start_tls(self, served: Served, ldapsearch: str) -> None:
        done = run(ldapsearch, served, "-ZZ", "-b", ALICE, "-s", "base", "(objectClass=user)", "cn", scheme="ldap")
        assert done.returncode == 0, done.stderr
        assert "cn: alice" in done.stdout

    def test_it_refuses_an_authority_that_it_does_not_know(
        self, served: Served, ldapsearch: str, tmp_path: Path
    ) -> None:
        other = CertificateAuthority.create("Somebody Else").write(tmp_path / "other.pem")
        done = run(ldapsearch, served, "-b", BASE, trusted=other)
        assert done.returncode != 0
        assert "Can't contact LDAP server" in done.stderr
        assert served.bad_logons("alice") == 0

    def test_it_finds_out_that_the_certificate_names_no_address(self, served: Served, ldapsearch: str) -> None:
        done = run(ldapsearch, served, "-b", BASE, host="127.0.0.1")
        assert done.returncode != 0
        assert "Can't contact LDAP server" in done.stderr
        assert served.bad_logons("alice") == 0

    def test_a_wrong_password_has_its_sub_code_and_counts_once(self, served: Served, ldapsearch: str) -> None:
        done = run(ldapsearch, served, "-b", BASE, password="wrong")
        assert done.returncode == 49
        assert "data 52e" in done.stderr
        assert served.bad_logons("alice") == 1

    def test_without_tls_stronger_authentication_is_required(self, served: Served, ldapsearch: str) -> None:
        done = run(ldapsearch, served, "-b", BASE, scheme="ldap")
        assert done.returncode == 8
        assert served.bad_logons("alice") == 0

    def test_it_pages_through_more_than_a_thousand(self, served: Served, ldapsearch: str) -> None:
        ou = served.directory.add(f"OU=Crowd,{BASE}", "organizationalUnit")
        for number in range(1234):
            served.directory.add(f"CN=c{number},{ou}", "contact")
        whole = run(ldapsearch, served, "-b", ou, "(cn=c*)", "1.1")
        assert whole.returncode == 4
        paged = run(ldapsearch, served, "-E", "pr=100/noprompt", "-b", ou, "(cn=c*)", "1.1")
        assert paged.returncode == 0, paged.stderr
        names = re.findall(r"^dn: (.+)$", paged.stdout, re.MULTILINE)
        assert len(names) == len(set(names)) == 1234

    def test_a_descriptor_comes_as_bytes(self, served: Served, ldapsearch: str) -> None:
        container = served.directory.add(f"CN=VMMDKM,{BASE}", "container")
        served.directory.grant(container, allow(served.directory.require(ALICE).sid, GENERIC_ALL, CONTAINER_INHERIT))
        # The value of SD_FLAGS: a sequence of the integer 7, in BER.
        control = "1.2.840.113556.1.4.801=::" + base64.b64encode(bytes.fromhex("3003020107")).decode()
        done = run(ldapsearch, served, "-E", control, "-b", container, "-s", "base", "(cn=*)", "nTSecurityDescriptor")
        assert done.returncode == 0, done.stderr
        found = re.search(r"nTSecurityDescriptor:: (\S+)", done.stdout)
        assert found is not None
        assert Descriptor.from_bytes(base64.b64decode(found[1])) == served.directory.require(container).descriptor

    def test_identity_and_the_server_itself_can_be_asked_for(self, served: Served, ldapsearch: str) -> None:
        done = run(ldapsearch, served, "-b", "", "-s", "base", "(objectClass=*)", "defaultNamingContext")
        assert f"defaultNamingContext: {BASE}" in done.stdout


class TestLdap3:
    def test_a_session_binds_pages_and_reads_a_descriptor(self, served: Served) -> None:
        with served.bound() as connection:
            pages = connection.extend.standard.paged_search(BASE, "(objectClass=group)", paged_size=3, generator=True)
            groups = [entry["dn"] for entry in pages if entry["type"] == "searchResEntry"]
            assert f"CN=Domain Admins,{USERS}" in groups
            control = security_descriptor_control(sdflags=7)
            connection.search(ALICE, "(cn=*)", ldap3.BASE, attributes=["nTSecurityDescriptor"], controls=control)
            (data,) = connection.response[0]["raw_attributes"]["nTSecurityDescriptor"]
            assert Descriptor.from_bytes(data).owner == served.directory.sid(512)
