"""Where a node goes on a stranger's behalf: into the public Internet, and not back to itself."""

from __future__ import annotations

import socket

from contracts.public_addresses import is_public


def may_be_asked(address: str) -> bool:
    """Whether it is public and none of this machine's, behind which what is open to this machine alone may be.

    Raises:
        ValueError: this is no address.
    """
    return is_public(address) and not is_own(address)


def is_own(address: str) -> bool:
    """Whether it is one of this machine's interfaces': it can be bound to then, and only then.

    What others see a machine behind NAT as is not.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
