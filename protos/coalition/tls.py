"""Certificates for a service that has no other: a small authority of its own, and a server certificate by it.

Clients are given the authority's certificate (`ca.pem`) and trust nothing else, so the service's certificate can be
renewed without telling them. Operators with certificates of their own put those in the same files.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS: Final = 3_650
SERVER_DAYS: Final = 825
_CLOCKS_DIFFER: Final = timedelta(hours=1)


class TlsError(Exception):
    """Certificate files that are missing, damaged, or not what they should be; says which and what to do."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The four PEM files of a service, in one folder. Keys are readable by their owner only."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate, for clients to trust."""
        return self.folder / "ca.pem"

    @property
    def authority_key(self) -> Path:
        """Signs renewed server certificates; the service itself does not need it."""
        return self.folder / "ca.key"

    @property
    def certificate(self) -> Path:
        """The server's certificate."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """The server's private key."""
        return self.folder / "server.key"


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What a server shows and proves: PEM bytes of its key and of its certificate."""

    key: bytes
    certificate: bytes

    def __repr__(self) -> str:
        return "ServerTls(...)"

    @property
    def ends_at(self) -> datetime:
        """When the certificate ceases to hold."""
        return x509.load_pem_x509_certificate(self.certificate).not_valid_after_utc


def make_tls(folder: Path, name: str, hosts: Sequence[str]) -> TlsFiles:
    """Make an authority called `name` and a server certificate by it for `hosts`, DNS names and IP addresses.

    Certificates hold from now by the machine's clock, because TLS libraries go by it. Raises FileExistsError rather
    than overwrite a file, ValueError for a host that is neither name nor address.
    """
    files = TlsFiles(folder)
    alternatives = _alternatives(hosts)
    for path in (files.authority, files.authority_key, files.certificate, files.key):
        if path.exists():
            raise FileExistsError(f"{path} exists already; move it away to make new certificates")
    folder.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(name, authority_key)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _server(alternatives, server_key, authority, authority_key)
    _write(files.authority_key, _key_bytes(authority_key), 0o600)
    _write(files.authority, authority.public_bytes(Encoding.PEM), 0o644)
    _write(files.key, _key_bytes(server_key), 0o600)
    _write(files.certificate, server.public_bytes(Encoding.PEM), 0o644)
    return files


def issue_tls(folder: Path, authority: Path, hosts: Sequence[str]) -> TlsFiles:
    """Make a server certificate in `folder` by the authority whose files lie in the folder `authority`.

    The authority's key stays where it is, so a second service of a network is trusted through the certificate that
    clients have already. Raises TlsError, FileExistsError, ValueError.
    """
    files = TlsFiles(folder)
    alternatives = _alternatives(hosts)
    for path in (files.authority, files.certificate, files.key):
        if path.exists():
            raise FileExistsError(f"{path} exists already; move it away to make new certificates")
    certificate, key = _load_authority(TlsFiles(authority))
    folder.mkdir(parents=True, exist_ok=True)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _server(alternatives, server_key, certificate, key)
    _write(files.authority, certificate.public_bytes(Encoding.PEM), 0o644)
    _write(files.key, _key_bytes(server_key), 0o600)
    _write(files.certificate, server.public_bytes(Encoding.PEM), 0o644)
    return files


def renew_tls(folder: Path, hosts: Sequence[str], authority: Path | None = None) -> TlsFiles:
    """Replace the server's key and certificate by new ones of the same authority, whose files lie in `folder` unless
    another folder is named. Raises TlsError, ValueError."""
    files = TlsFiles(folder)
    alternatives = _alternatives(hosts)
    certificate, key = _load_authority(TlsFiles(authority or folder))
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _server(alternatives, server_key, certificate, key)
    for path, data, mode in (
        (files.key, _key_bytes(server_key), 0o600),
        (files.certificate, server.public_bytes(Encoding.PEM), 0o644),
    ):
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        _write(fresh, data, mode)
        fresh.replace(path)
    return files


def _load_authority(files: TlsFiles) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_pem, key_pem = _read(files.authority), _read(files.authority_key)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        key = load_pem_private_key(key_pem, None)
    except (ValueError, TypeError) as error:
        raise TlsError(f"The authority in {files.folder} is damaged; make a new one in an empty folder.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise TlsError(f"{files.authority_key} is not the key of {files.authority}.")
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise TlsError(f"The authority in {files.folder} has expired; make a new one in an empty folder.")
    return certificate, key


def load_server_tls(folder: Path) -> ServerTls:
    """The server's key and certificate, once they were found to belong together and to hold now. Raises TlsError."""
    files = TlsFiles(folder)
    key_pem, certificate_pem = _read(files.key), _read(files.certificate)
    try:
        key = load_pem_private_key(key_pem, None)
    except (ValueError, TypeError) as error:
        raise TlsError(f"{files.key} is damaged, or locked with a passphrase.") from error
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except ValueError as error:
        raise TlsError(f"{files.certificate} is not a certificate.") from error
    if certificate.public_key() != key.public_key():
        raise TlsError(f"{files.certificate} is not for the key in {files.key}.")
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise TlsError(f"{files.certificate} expired on {certificate.not_valid_after_utc.date()}; renew it.")
    return ServerTls(key_pem, certificate_pem)


def _alternatives(hosts: Sequence[str]) -> list[x509.GeneralName]:
    """RFC 5280 §4.2.1.6: addresses as addresses, everything else as DNS names."""
    if not hosts:
        raise ValueError("name at least one host at which the service is reached")
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            if not host or not all(part.replace("-", "").isalnum() and part.isascii() for part in host.split(".")):
                raise ValueError(f"{host!r} is neither a host name nor an IP address") from None
            names.append(x509.DNSName(host))
    return names


def _authority(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        _builder(subject, subject, key, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _server(
    alternatives: list[x509.GeneralName],
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    # Clients go by the alternative names alone (RFC 9525 §2.3), so the subject may be empty and the names critical.
    return (
        _builder(x509.Name([]), authority.subject, key, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
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


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{path} cannot be read: {error.strerror}.") from error


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
