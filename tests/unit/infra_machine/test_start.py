"""How a machine starts its service: what it adds to the environment, and from where."""

from __future__ import annotations

import pytest

from infra.machine.start import StartError, environment

PLACE = {"public-ipv4": "192.0.2.7", "ipv6": "2001:db8::7", "instance-id": "i-1", "local-ipv4": "10.80.0.7"}


def started(service: str, environ: dict[str, str], place: dict[str, str] = PLACE) -> dict[str, str]:
    return environment(service, environ, secret=lambda name: f"secret of {name}/@", about=place.get, now=lambda: 12.9)


def test_a_server_without_aws_is_given_nothing() -> None:
    given = {"PARLEY_NODE_ID": "node-1", "PATH": "/bin"}
    assert started("media", given | {"PARLEY_MACHINE_HEALTH_URL": "http://127.0.0.1:9465/healthz"}) == given


def test_the_brokers_password_is_in_the_url_as_urls_have_it() -> None:
    made = started("gateway", {"PARLEY_MACHINE_BROKER": "broker:6379", "PARLEY_MACHINE_BROKER_SECRET": "arn"})
    assert made == {"PARLEY_GATEWAY_REDIS_URL": "rediss://:secret%20of%20arn%2F%40@broker:6379/0"}


def test_an_empty_name_of_a_secret_means_none() -> None:
    assert started("gateway", {"PARLEY_MACHINE_TURN_SECRET": ""}) == {}
    assert started("gateway", {"PARLEY_MACHINE_TURN_SECRET": "turn"}) == {
        "PARLEY_GATEWAY_TURN_SECRET": "secret of turn/@"
    }


def test_a_node_on_ec2_learns_its_place() -> None:
    assert started("media", {"PARLEY_MACHINE_ON_EC2": "yes"}) == {
        "PARLEY_NODE_ID": "i-1-12",
        "PARLEY_NODE_ADVERTISED_ADDRESSES": "192.0.2.7,2001:db8::7",
        "PARLEY_NODE_LINK_ADDRESS": "10.80.0.7",
        "PARLEY_NODE_BROADCAST_ADDRESS": "10.80.0.7",
    }


def test_a_node_that_nobody_could_reach_does_not_start() -> None:
    with pytest.raises(StartError):
        started("media", {"PARLEY_MACHINE_ON_EC2": "yes"}, {"instance-id": "i-1"})
