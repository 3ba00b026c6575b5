"""``python -m infra.machine.start gateway|media``: completes the service's environment, and becomes the service.

On AWS the environment file names where secrets and addresses are (``PARLEY_MACHINE_…``): secrets are fetched at each
start and are never on disk. On any other server the file has the service's own settings, and nothing is added.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from infra.machine.metadata import Metadata

SERVICES: Final = {"gateway": "signaling_gateway.main", "media": "media_fleet.main"}
_PREFIXES: Final = {"gateway": "PARLEY_GATEWAY_", "media": "PARLEY_NODE_"}
_OWN: Final = "PARLEY_MACHINE_"


class StartError(Exception):
    """The environment names something that is not there."""


def environment(
    service: str,
    environ: Mapping[str, str],
    *,
    secret: Callable[[str], str],
    about: Callable[[str], str | None],
    now: Callable[[], float],
) -> dict[str, str]:
    """What the service is started with.

    ``PARLEY_MACHINE_BROKER`` (``host:port``) with ``PARLEY_MACHINE_BROKER_SECRET``, ``PARLEY_MACHINE_TURN_SECRET``:
    where they are in Secrets Manager. ``PARLEY_MACHINE_ON_EC2``: a media node learns its id and addresses from the
    instance.

    Raises:
        StartError: the instance has no public address.
    """
    own = {name.removeprefix(_OWN): value for name, value in environ.items() if name.startswith(_OWN)}
    completed = {name: value for name, value in environ.items() if not name.startswith(_OWN)}
    prefix = _PREFIXES[service]
    if own.get("BROKER_SECRET"):
        password = quote(secret(own["BROKER_SECRET"]), safe="")
        completed[f"{prefix}REDIS_URL"] = f"rediss://:{password}@{own['BROKER']}/0"
    if service == "gateway" and own.get("TURN_SECRET"):
        completed[f"{prefix}TURN_SECRET"] = secret(own["TURN_SECRET"])
    if service == "media" and own.get("ON_EC2"):
        completed |= {f"{prefix}{name}": value for name, value in _place(about, now).items()}
    return completed


def _place(about: Callable[[str], str | None], now: Callable[[], float]) -> dict[str, str]:
    # The public IPv4 address is mapped to the instance; the IPv6 one is its own.
    addresses = [each for each in (about("public-ipv4"), about("ipv6")) if each]
    if not addresses:
        raise StartError("This instance has no public address: clients could not reach it.")
    return {
        # A node that starts again is another one: gateways have given up the first.
        "ID": f"{about('instance-id')}-{int(now())}",
        "ADVERTISED_ADDRESSES": ",".join(addresses),
        # Nodes that share a broker are in one network.
        "LINK_ADDRESS": about("local-ipv4") or "",
        "BROADCAST_ADDRESS": about("local-ipv4") or "127.0.0.1",
    }


def _from_secrets_manager(name: str) -> str:
    import boto3  # noqa: PLC0415  (only where there is AWS)

    return str(boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def main() -> None:
    service = sys.argv[1]
    completed = environment(service, os.environ, secret=_from_secrets_manager, about=Metadata().about, now=time.time)
    os.execve(sys.executable, [sys.executable, "-m", SERVICES[service]], completed)  # noqa: S606  (no shell is meant)


if __name__ == "__main__":
    main()
