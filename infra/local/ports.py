"""Ports: whether a wanted one is free, and free ones for what only this machine talks to."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from infra.local.errors import PortTakenError

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Different TCP ports on the loopback interface that nobody listens on right now."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            probe.bind((LOOPBACK, 0))
            ports.append(int(probe.getsockname()[1]))
        return ports


def own_address() -> str | None:
    """This machine's own IPv4 address, as it reaches others; None: it reaches nobody."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: it chooses the address to send from. The one named is nobody's (RFC 5737).
            probe.connect(("203.0.113.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def require_free(port: int, *, udp: bool, address: str, purpose: str, setting: str) -> None:
    """Checks that a port can be opened.

    Raises:
        PortTakenError: it is taken, or may not be opened; the text names the port, who has it and what to do.
    """
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if not udp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT are no listener
        try:
            probe.bind((address, port))
            if not udp:
                probe.listen(1)
        except PermissionError:
            raise PortTakenError(
                f"Port {port} ({purpose}) may not be opened by this user. "
                f"Choose one above 1023: make run {setting}={port + 8000 if port < 1024 else 8090}"
            ) from None
        except OSError as error:
            holder = _holder(port, udp=udp)
            taken_by = f"taken by {holder}" if holder else f"not free ({error.strerror})"
            raise PortTakenError(
                f"Port {port}/{'udp' if udp else 'tcp'} ({purpose}) is {taken_by}. "
                f"Stop that program, or choose another port: make run {setting}={port + 100}"
            ) from None


def _holder(port: int, *, udp: bool) -> str | None:
    """The program that has a port, where Linux tells (``/proc``), such as ``python3 (process 4711)``."""
    inodes = set()
    for table in ("udp", "udp6") if udp else ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                columns = line.split()
                is_listening = udp or columns[3] == "0A"
                if is_listening and int(columns[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{columns[9]}]")
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(entry.readlink()) in inodes for entry in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None
