"""A real OpenLDAP server on the loopback interface: StartTLS and LDAPS with a certificate authority of its own."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SUFFIX = "dc=example,dc=org"
PEOPLE = f"ou=people,{SUFFIX}"
SERVICE_DN, SERVICE_PASSWORD = f"cn=parley,{SUFFIX}", "the service's own"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Directory:
    """Addresses are of the name that the certificate is for; ``ca_pem`` has signed it."""

    ldap: str
    ldaps: str
    ca_pem: str


def entry(dn: str, *lines: str) -> str:
    return "\n".join((f"dn: {dn}", *lines)) + "\n\n"


def person(uid: str, *, mail: str | None, dn: str | None = None) -> str:
    lines = ["objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {uid.title()}", "sn: x", f"userPassword: {PASSWORD}"]
    return entry(dn or f"uid={uid},{PEOPLE}", *lines, *([f"mail: {mail}"] if mail else []))


CONTENT = "".join(
    (
        entry(SUFFIX, "objectClass: dcObject", "objectClass: organization", "o: Example", "dc: example"),
        entry(
            SERVICE_DN,
            "objectClass: organizationalRole",
            "objectClass: simpleSecurityObject",
            "cn: parley",
            f"userPassword: {SERVICE_PASSWORD}",
        ),
        entry(PEOPLE, "objectClass: organizationalUnit", "ou: people"),
        entry(f"ou=groups,{SUFFIX}", "objectClass: organizationalUnit", "ou: groups"),
        person("ada", mail="ada@example.org"),
        person("boss", mail="boss@example.org"),
        person("grace", mail="grace@example.org"),
        person("elsewhere", mail="someone@elsewhere.test"),
        person("mailless", mail=None),
        person("o'neil (x)*", mail="oneil@example.org", dn=f"uid=o'neil \\28x\\29\\2a,{PEOPLE}"),
        person("twin", mail="twin1@example.org", dn=f"cn=twin one,{PEOPLE}"),
        person("twin", mail="twin2@example.org", dn=f"cn=twin two,{PEOPLE}"),
        entry(
            f"cn=Admins,ou=groups,{SUFFIX}",
            "objectClass: groupOfNames",
            "cn: Admins",
            f"member: uid=boss,{PEOPLE}",
            f"member: uid=o'neil \\28x\\29\\2a,{PEOPLE}",
        ),
    )
)


@contextmanager
def slapd(folder: Path) -> Iterator[Directory]:
    """A server with `CONTENT`, for as long as the block."""
    found = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/libexec:/usr/bin")
    assert found is not None, "slapd is missing (Debian package slapd)"
    # A copy: where AppArmor confines slapd, it does so by its path, to folders that are not a test's.
    server = Path(shutil.copy(found, folder / "slapd"))
    ca_pem = _certificates(folder)
    (folder / "data").mkdir()
    (folder / "slapd.conf").write_text(_configuration(folder))
    (folder / "content.ldif").write_text(CONTENT)
    configuration = ("-f", str(folder / "slapd.conf"))
    load = [str(server), "-Ta", *configuration, "-l", str(folder / "content.ldif")]
    subprocess.run(load, check=True, capture_output=True, text=True)
    plain, tls = _free_ports(2)
    addresses = f"ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}"
    command = [str(server), *configuration, "-h", addresses, "-d", "stats"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process, (folder / "log").open("w") as log:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                log.write(line)
                if "slapd starting" in line:
                    break
            assert process.poll() is None, (folder / "log").read_text()
            _listens(plain)
            _listens(tls)
            drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
            yield Directory(ldap=f"ldap://localhost:{plain}", ldaps=f"ldaps://localhost:{tls}", ca_pem=ca_pem)
        finally:
            process.terminate()
            process.wait()
        drain.wait()


def _listens(port: int) -> None:
    """Waits until somebody takes connections at a port: slapd says that it starts a moment before it listens."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return


def _configuration(folder: Path) -> str:
    return f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
# Nobody binds without TLS, and nobody reads without having bound.
security simple_bind=128
database mdb
suffix {SUFFIX}
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _certificates(folder: Path) -> str:
    """Writes a key and a certificate for ``localhost`` and 127.0.0.1; gives the authority that has signed it."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = dt.datetime.now(dt.UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test's authority")])

    def builder(subject: str, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )

    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    root = (
        builder("A test's authority", authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(authority, hashes.SHA256())
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server = (
        builder("localhost", key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority, hashes.SHA256())
    )
    (folder / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return root.public_bytes(serialization.Encoding.PEM).decode()
