"""Calls of moto, found at a price that fits a test of thousands of them.

moto (5.2) reads the folder of its own modules, and goes through all members of a service's class, at every call: a
twentieth of what a call takes. Neither changes while it runs.
"""

from __future__ import annotations

import functools

from moto import backends
from moto.core import responses
from moto.core.utils import method_names_from_class

_modules = backends.list_of_moto_modules


def make_calls_cheap() -> None:
    """Changes moto in this process; safe to call twice."""
    setattr(backends, "list_of_moto_modules", _known_modules)  # noqa: B010  (none of ours)
    setattr(responses, "method_names_from_class", _known_names)  # noqa: B010


@functools.cache
def _known_modules() -> tuple[str, ...]:
    return tuple(_modules())


@functools.cache
def _known_names(service: type) -> list[str]:
    return method_names_from_class(service)
