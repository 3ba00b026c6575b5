"""A self-signed certificate for ``make run HOST=<address>``, made on the spot and kept until it is nearly over."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

_VALID_FOR = dt.timedelta(days=90)
_RENEW_BEFORE = dt.timedelta(days=30)


class CertificateFiles(Struct, frozen=True, kw_only=True):
    """PEM files. ``fingerprint`` is SHA-256 in hex, as browsers show it."""

    certificate: Path
    key: Path
    fingerprint: str


def ensure_certificate(folder: Path, host: str, *, now: dt.datetime) -> CertificateFiles:
    """The certificate for ``host`` in ``folder``; made anew if there is none, or if it ends within 30 days."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = host.replace(":", "_")
    certificate_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    if certificate_path.exists() and key_path.exists():
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        if certificate.not_valid_after_utc - now > _RENEW_BEFORE:
            return _files(certificate_path, key_path, certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(key, host, now)
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return _files(certificate_path, key_path, certificate)


def _files(certificate_path: Path, key_path: Path, certificate: x509.Certificate) -> CertificateFiles:
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    return CertificateFiles(certificate=certificate_path, key=key_path, fingerprint=fingerprint)


def _self_signed(key: ec.EllipticCurvePrivateKey, host: str, now: dt.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Parley on one machine")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(hours=1),  # phones' clocks differ
        not_valid_after=now + _VALID_FOR,
    )
    names = [_general_name(entry) for entry in dict.fromkeys((host, "localhost", "127.0.0.1"))]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(key, hashes.SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
