"""The practice estate's own certificate authority: strict verifiers accept it, and a name that differs is found out."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LEAF_DAYS = 30
_CA_DAYS = 365


class CertificateAuthority:
    """An authority that lives as long as the process. All its servers share one key, so that a start is fast."""

    def __init__(self, name: str, today: datetime) -> None:
        self._today = today
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._make_own()
        self._issued: dict[str, bytes] = {}

    @classmethod
    def create(cls, name: str, today: datetime | None = None) -> CertificateAuthority:
        """A new authority of this common name; its certificates are valid from an hour before `today` (UTC)."""
        return cls(name, today or datetime.now(UTC))

    @property
    def pem(self) -> bytes:
        """The authority's certificate, for clients to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, path: Path) -> Path:
        """Write the authority's certificate (ca.pem) and return where it is."""
        path.write_bytes(self.pem)
        return path

    def issue(self, host: str) -> tuple[bytes, bytes]:
        """A server certificate for exactly this DNS name, and its key, both PEM. There is no IP address in it."""
        if host not in self._issued:
            self._issued[host] = self._make_leaf(host).public_bytes(serialization.Encoding.PEM)
        key = self._leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._issued[host], key

    def _make_own(self) -> x509.Certificate:
        public = self._key.public_key()
        return (
            self._begin(self._name, public, _CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def _make_leaf(self, host: str) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        authority = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return (
            self._begin(subject, self._leaf_key.public_key(), _LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )

    def _begin(self, subject: x509.Name, public: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._today - timedelta(hours=1))
            .not_valid_after(self._today + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )


def _key_usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def der(certificate: bytes) -> bytes:
    """A PEM certificate in DER form."""
    return x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)


def server_context(certificate: bytes, key: bytes, directory: Path) -> ssl.SSLContext:
    """A TLS context for a server. Python loads keys from files only: one lies in `directory` until it is loaded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Made readable by its owner alone, on Windows by the rights of the directory.
    with tempfile.TemporaryDirectory(dir=directory) as place:
        both = Path(place, "server.pem")
        both.write_bytes(certificate + key)
        context.load_cert_chain(both)
    return context
