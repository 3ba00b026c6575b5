"""Reads a service's settings from environment variables that share a prefix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

import msgspec
from msgspec import Struct

from functions.serverless.problems import ValidationFailedError
from functions.serverless.validation import convert_fields

S = TypeVar("S", bound=Struct)


class SettingsError(Exception):
    """Settings that a service cannot start with. The text names the variables, never their values."""


def read_settings(kind: type[S], prefix: str, environ: Mapping[str, str]) -> S:
    """The settings in ``environ``: field ``name`` is the variable ``<prefix>NAME``; lists are written as JSON.

    Raises:
        SettingsError: a variable is missing, unknown or has a bad value.
    """
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    given: dict[str, Any] = {}
    for variable, value in environ.items():
        if not variable.startswith(prefix):
            continue
        name = variable.removeprefix(prefix).lower()
        given[name] = _parsed(variable, value) if get_origin(types.get(name)) is tuple else value
    try:
        return convert_fields(given, kind, strict=False, rename=lambda name: f"{prefix}{name.upper()}")
    except ValidationFailedError as error:
        raise SettingsError(error.message) from None  # the cause may quote a value


def _parsed(variable: str, value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        raise SettingsError(f"{variable} is not JSON.") from None
