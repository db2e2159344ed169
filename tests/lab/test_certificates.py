"""The estate's certificates: strict clients accept the right name, and find out the wrong one."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vmm_wizard.lab.certificates import CertificateAuthority, der, server_context

TODAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOST = "vmm01.contoso.lab"


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority.create("Contoso Lab CA")


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A TLS handshake over a pair of sockets, the client expecting `name`. Raises what the client's side raises."""
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(far, server_side=True).close()
        except OSError:
            far.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        client.wrap_socket(near, server_hostname=name).close()
    finally:
        near.close()
        thread.join(10)


def strict_client(ca_pem: bytes) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca_pem.decode())
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    return context


def test_a_strict_client_accepts_the_name_it_asked_for(authority: CertificateAuthority, tmp_path: Path) -> None:
    context = server_context(*authority.issue(HOST), tmp_path)
    handshake(context, strict_client(authority.pem), HOST)


@pytest.mark.parametrize("name", ["vmm02.contoso.lab", "127.0.0.1", "contoso.lab"])
def test_another_name_or_an_address_is_found_out(authority: CertificateAuthority, tmp_path: Path, name: str) -> None:
    context = server_context(*authority.issue(HOST), tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(context, strict_client(authority.pem), name)


def test_a_client_that_trusts_another_authority_refuses(authority: CertificateAuthority, tmp_path: Path) -> None:
    other = CertificateAuthority.create("Contoso Lab CA")
    context = server_context(*authority.issue(HOST), tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, strict_client(other.pem), HOST)


def test_no_key_is_left_in_the_directory(authority: CertificateAuthority, tmp_path: Path) -> None:
    server_context(*authority.issue(HOST), tmp_path)
    authority.write(tmp_path / "ca.pem")
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]
    assert b"PRIVATE" not in (tmp_path / "ca.pem").read_bytes()


def test_a_certificate_names_its_host_once_and_no_address() -> None:
    certificate = x509.load_der_x509_certificate(der(CertificateAuthority.create("CA", TODAY).issue(HOST)[0]))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [name.value for name in names] == [HOST]
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == HOST
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert certificate.not_valid_before_utc == TODAY - timedelta(hours=1)
    assert certificate.not_valid_after_utc == TODAY + timedelta(days=30)


def test_a_host_gets_the_same_certificate_again(authority: CertificateAuthority) -> None:
    assert authority.issue(HOST) == authority.issue(HOST)
    assert authority.issue(HOST)[0] != authority.issue("vmm02.contoso.lab")[0]
