"""Ports that are taken are named, with what to do."""

from __future__ import annotations

import socket

import pytest

from infra.local.errors import PortTakenError
from infra.local.ports import free_ports, require_free


def test_free_ports_are_different() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_taken_port_is_named_with_its_holder_and_another_choice(protocol: str) -> None:
    udp = protocol == "udp"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as holder:
        holder.bind(("127.0.0.1", 0))
        if not udp:
            holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            require_free(port, udp=udp, address="127.0.0.1", purpose="media", setting="PARLEY_MEDIA_PORT")
    text = str(caught.value)
    assert f"Port {port}/{protocol} (media)" in text
    assert f"make run PARLEY_MEDIA_PORT={port + 100}" in text
    assert "process" in text


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_free_port_is_accepted(protocol: str) -> None:
    udp = protocol == "udp"
    [port] = free_ports(1)
    require_free(port, udp=udp, address="127.0.0.1", purpose="media", setting="PARLEY_MEDIA_PORT")
