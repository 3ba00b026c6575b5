"""One Debian 12 with the platform on it, installed by the commands that docs/operations/single-server.md gives."""

from __future__ import annotations

import datetime as dt
import platform
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.certificate import ensure_certificate
from infra.local.settings import ROOT
from tests.server.debian import Debian

HOST = "meet.example.org"
ADDRESS = "192.0.2.7"
RELEASE = ROOT / f"build/release/parley-{platform.machine()}.tar.gz"


def commands(step: int) -> list[str]:
    """The commands of one step of the page, a line each, for this kind of machine."""
    page = (ROOT / "docs/operations/single-server.md").read_text()
    told = re.search(rf"^\*\*{step}\. .*?^```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert told is not None, step
    return told[1].replace("x86_64", platform.machine()).splitlines()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Debian]:
    """The installed server, booted.

    Three things are not as an operator has them: packages come before it is booted, as it then has no network; apt is
    not asked back; and the certificate is not certbot's, whose authority would have to reach it.
    """
    assert RELEASE.is_file(), "make package-release builds what is tried here"
    folder = tmp_path_factory.mktemp("debian")
    with Debian(folder / "root", name=HOST, address=ADDRESS, kept=ROOT / "build/debian-12.tar") as debian:
        packages, *install = commands(2)
        certificate, *configure = commands(3)
        assert packages.startswith("apt-get install ")
        assert certificate.startswith("certbot certonly --webroot ")
        debian.write("/etc/apt/apt.conf.d/yes", b'APT::Get::Assume-Yes "true";\n')
        debian.prepare(f"apt-get update && {packages}")
        debian.write(f"/root/{RELEASE.name}", RELEASE.read_bytes())
        debian.boot()
        for command in install:
            debian.run(command)
        made = ensure_certificate(folder / "certificate", HOST, now=dt.datetime.now(dt.UTC))
        live = f"/etc/letsencrypt/live/{HOST}"
        debian.write(f"{live}/fullchain.pem", made.certificate.read_bytes())
        debian.write(f"{live}/privkey.pem", made.key.read_bytes())
        for command in configure:
            debian.run(command)
        for path in (ROOT / "parley_client").glob("*.py"):
            debian.write(f"/root/parley_client/{path.name}", path.read_bytes())
        debian.write("/root/stay.py", (Path(__file__).with_name("stay.py")).read_bytes())
        yield debian
