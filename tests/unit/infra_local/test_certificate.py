"""The certificate for `make run HOST=…`."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from infra.local.certificate import ensure_certificate

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7", "meet.example"])
def test_the_certificate_is_for_the_host_and_can_be_served(tmp_path: Path, host: str) -> None:
    files = ensure_certificate(tmp_path, host, now=NOW)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert host in (*addresses, *names.get_values_for_type(x509.DNSName))
    assert str(ipaddress.ip_address("127.0.0.1")) in addresses
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, "192.0.2.7", now=NOW)
    assert files.key.stat().st_mode & 0o077 == 0


def test_a_certificate_is_kept_until_it_is_nearly_over(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path, "192.0.2.7", now=NOW)
    later = ensure_certificate(tmp_path, "192.0.2.7", now=NOW + dt.timedelta(days=59))
    renewed = ensure_certificate(tmp_path, "192.0.2.7", now=NOW + dt.timedelta(days=61))
    assert later.fingerprint == first.fingerprint
    assert renewed.fingerprint != first.fingerprint
