"""A Debian 12 made from its packages and booted with its own systemd, in a network of its own (systemd-nspawn; root).

with Debian(tmp_path / "root") as debian:
    debian.prepare("apt-get install --yes nginx-light")
    debian.boot()
    debian.run("systemctl status nginx")
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

RELEASE: Final = "bookworm"
_REBOOTED: Final = 133
"""How systemd-nspawn ends where it is no unit's to boot the container again (systemd-nspawn(1), ``--keep-unit``)."""


class DebianError(Exception):
    """A command failed, or the container did not do what it was told; the text holds what was printed."""


class Debian:
    """``root``: the folder for its files, which must not be there yet. ``address``: what it has, known by ``name``.

    ``kept``: an archive of the system as it is before anything is done to it, made if it is not there.
    """

    def __init__(self, root: Path, *, name: str, address: str, kept: Path) -> None:
        self.root = root
        self.name = name
        self.address = address
        self._kept = kept
        self._console = root.with_suffix(".console")
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def __enter__(self) -> Self:
        if not self._kept.is_file():
            words = ["--variant=minbase", "--include=systemd,systemd-sysv,dbus", RELEASE]
            _told(["debootstrap", *words, str(self.root), *_mirror()])
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            _told(["tar", "--one-file-system", "-cf", f"{self._kept}.new", "-C", str(self.root), "."])
            Path(f"{self._kept}.new").rename(self._kept)
        else:
            self.root.mkdir()
            _told(["tar", "-xpf", str(self._kept), "-C", str(self.root)])
        with (self.root / "etc/hosts").open("a") as hosts:
            hosts.write(f"127.0.0.1 localhost\n{self.address} {self.name}\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL if kind else signal.SIGTERM)
            self._process.wait(timeout=90)
        shutil.rmtree(self.root, ignore_errors=True)

    def prepare(self, command: str) -> str:
        """What a command prints that runs while the system is not booted, in this machine's network."""
        words = ["--as-pid2", "--resolv-conf=copy-host", "--setenv=DEBIAN_FRONTEND=noninteractive"]
        return _told([*self._nspawn(), *words, "/bin/bash", "-c", command])

    def boot(self, *, within_s: float = 120) -> None:
        """Boots it, and waits until all units have started.

        Raises:
            DebianError: it ended, or is not ready in time.
        """
        told_at = self.root.with_suffix(".notify")
        told_at.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, self._console.open("ab") as console:
            told.bind(str(told_at))
            self._process = subprocess.Popen(
                [*self._nspawn(), "--boot", "--private-network", "--notify-ready=yes"],
                env={**os.environ, "NOTIFY_SOCKET": str(told_at)},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )
            deadline = time.monotonic() + within_s
            ready = False
            while not ready:
                told.settimeout(max(0.01, deadline - time.monotonic()))
                try:
                    lines = told.recv(4096).decode().splitlines()
                except TimeoutError:
                    raise DebianError(f"not booted in {within_s} s: {self.console()}") from None
                for name, _, value in (line.partition("=") for line in lines):
                    if name == "X_NSPAWN_LEADER_PID":
                        self._leader = int(value)
                        # Before anything has started that needs it.
                        self._in_network("ip", "address", "add", f"{self.address}/32", "dev", "lo")
                    ready |= name == "READY"

    def reboot(self) -> None:
        """Has it reboot itself, and waits until all units have started again."""
        assert self._process is not None
        self.run("systemctl reboot")
        if self._process.wait(timeout=120) != _REBOOTED:
            raise DebianError(f"it has not rebooted: {self.console()}")
        self.boot()

    def run(self, command: str, *, check: bool = True) -> str:
        """What a command of root's prints, run by bash in /root.

        Raises:
            DebianError: it failed, and that is not expected.
        """
        enter = ["nsenter", f"--target={self._leader}", "--all"]
        clean = [
            "env",
            "-i",
            "--chdir=/root",
            "HOME=/root",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        return _told([*enter, *clean, "bash", "-o", "pipefail", "-ec", command], check=check)

    def write(self, path: str, content: bytes) -> None:
        """A file of root's, with the folders that it needs."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def console(self) -> str:
        """The end of what has been printed on the console."""
        return self._console.read_text(errors="replace")[-3000:]

    def _in_network(self, *command: str) -> None:
        _told(["nsenter", f"--target={self._leader}", "--net", *command])

    def _nspawn(self) -> list[str]:
        # Nobody but this process is to look after it: there may be no systemd here.
        return ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", f"--directory={self.root}"]


def _told(command: list[str], *, check: bool = True) -> str:
    done = subprocess.run(
        command,
        cwd="/",  # which is there in every root
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise DebianError(f"{command[-1]!r} ended with {done.returncode}: {done.stdout[-3000:]}")
    return done.stdout


def _mirror() -> list[str]:
    """Where this machine has its own packages from, if it is a Debian of the same release."""
    known = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {RELEASE}"]
    if shutil.which("apt-get") is None:
        return []
    return _told(known).splitlines()[:1]
