"""Which controller is asked, and what makes its certificate good: real TLS against the practice domain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facts.asking_directory import HOST, RIGHT, SECONDS, access, account, addresses, closed_port, leading_to
from tests.lab.served_directory import Served, serving
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.directory import DirectorySession, open_session
from vmm_wizard.facts.directory_channel import fingerprint
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.facts.passwords import Passwords
from vmm_wizard.facts.questions import DirectoryAccess, Trust
from vmm_wizard.lab.certificates import CertificateAuthority
from vmm_wizard.plan.model import CertificateException
from vmm_wizard.plan.names import HostName


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        yield running


def asked(book: AddressBook, how: DirectoryAccess) -> DirectorySession | NoAnswer:
    return open_session(how, RIGHT, Passwords(book, SECONDS))


class TestChannel:
    def test_an_unknown_authority_is_refused_before_anything_is_sent(self, served: Served, tmp_path: Path) -> None:
        other = CertificateAuthority.create("Somebody Else").write(tmp_path / "other.pem")
        said = asked(leading_to(served), access(trust=Trust(str(other))))
        assert isinstance(said, NoAnswer)
        assert said.code == "certificate"
        assert "is not trusted" in said.reason
        assert "connection.ca_file" in said.reason

    @pytest.mark.parametrize("ldaps", [True, False])
    def test_a_certificate_for_another_name_is_refused(self, served: Served, ldaps: bool) -> None:
        ports: dict[str, object] = {
            "ldap": served.server.port,
            "ldaps": served.server.ldaps_port if ldaps else closed_port(),
        }
        book = addresses(served.ca_file, dc02_contoso_lab=ports)
        said = asked(book, access(server="dc02.contoso.lab"))
        assert isinstance(said, NoAnswer)
        assert said.code == "certificate"
        assert "is not for the name dc02.contoso.lab" in said.reason
        assert served.logons.find("CONTOSO\\alice").last_via == []  # type: ignore[union-attr]

    def test_an_exception_holds_for_its_host_and_certificate_alone(self, served: Served, tmp_path: Path) -> None:
        other = str(CertificateAuthority.create("Somebody Else").write(tmp_path / "other.pem"))
        assert served.server.certificate is not None
        right = fingerprint(served.server.certificate)

        def with_exception(host: str, sha256: str) -> DirectorySession | NoAnswer:
            row = CertificateException(HostName(host), sha256, "lab")
            return asked(leading_to(served), access(trust=Trust(other, (row,))))

        assert isinstance(with_exception(HOST, right), DirectorySession)
        assert isinstance(with_exception("dc02.contoso.lab", right), NoAnswer)
        said = with_exception(HOST, "0" * 64)
        assert isinstance(said, NoAnswer)
        assert right in said.reason

    def test_the_message_names_the_fingerprint(self, served: Served, tmp_path: Path) -> None:
        other = CertificateAuthority.create("Somebody Else").write(tmp_path / "other.pem")
        said = asked(leading_to(served), access(trust=Trust(str(other))))
        assert isinstance(said, NoAnswer)
        assert served.server.certificate is not None
        assert re.findall(r"[0-9a-f]{64}", said.reason) == [fingerprint(served.server.certificate)]

    def test_a_ca_file_that_cannot_be_read_is_a_reason(self, served: Served, tmp_path: Path) -> None:
        empty = tmp_path / "empty.pem"
        empty.touch()
        for path in (empty, tmp_path / "absent.pem"):
            said = asked(leading_to(served), access(trust=Trust(str(path))))
            assert isinstance(said, NoAnswer)
            assert (said.code, str(path) in said.reason) == ("certificate", True)

    def test_a_controller_without_tls_gets_no_password(self, served: Served) -> None:
        served.server.tls = None
        said = asked(leading_to(served, ldaps=False), access())
        assert isinstance(said, NoAnswer)
        assert said.code == "certificate"
        assert "never sent" in said.reason
        assert served.logons.find("CONTOSO\\alice").last_via == []  # type: ignore[union-attr]


class TestControllers:
    def test_the_next_one_is_asked_when_one_is_down(self, served: Served) -> None:
        down: dict[str, object] = {"ldap": closed_port(), "ldaps": closed_port()}
        up: dict[str, object] = {"ldap": served.server.port, "ldaps": served.server.ldaps_port}
        book = addresses(served.ca_file, dc00_contoso_lab=down, dc01_contoso_lab=up)
        session = asked(book, access(server=""))
        assert isinstance(session, DirectorySession)
        assert session.server == HOST

    def test_a_domain_that_nobody_serves_is_a_reason(self, served: Served) -> None:
        how = DirectoryAccess("fabrikam.com", "", account(), access().authentication, Trust())
        said = asked(leading_to(served), how)
        assert isinstance(said, NoAnswer)
        assert "fabrikam.com" in said.reason

    def test_a_closed_port_is_named_as_the_user_knows_it(self) -> None:
        book = addresses(None, dc01_contoso_lab={"ldap": closed_port(), "ldaps": closed_port()})
        said = asked(book, access())
        assert said == NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")
