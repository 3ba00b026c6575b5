"""Turns parsed JSON, query parameters and environment variables into typed values, naming every field at fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from functions.serverless.problems import BadRequestError, FieldError, ValidationFailedError

S = TypeVar("S", bound=Struct)
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")


def decode_body(raw: bytes, kind: type[S]) -> S:
    """The typed body of a request.

    Raises:
        BadRequestError: it is not JSON, or a name stands twice in one of its objects.
        ValidationFailedError: it is JSON of another shape; ``fields`` names every top-level field at fault.
    """
    typed: S | None = None
    first: Exception | None = None
    try:
        typed = msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        first = error
    except _NO_JSON as error:
        raise BadRequestError("The body is not JSON.") from error
    _refuse_repeated_names(raw)
    if typed is not None:
        return typed
    try:
        data = msgspec.json.decode(raw)
    except _NO_JSON as error:
        raise BadRequestError("The body is not JSON.") from error
    if not isinstance(data, dict):
        raise ValidationFailedError("The body must be a JSON object.") from first
    return convert_fields(data, kind)


def _refuse_repeated_names(raw: bytes) -> None:
    """Refuses what two parsers may read in two ways: of a name that stands twice in one object, one takes the first
    value and another the last (RFC 8259, 4).

    Raises:
        BadRequestError: a name stands twice, or it is not JSON after all.
    """
    try:
        json.loads(raw.decode(), object_pairs_hook=_without_repetition, parse_int=len, parse_float=len)
    except _RepeatedNameError as error:
        message = "A name stands more than once in one object of the body."
        field = FieldError(field=error.name[:64], message="This name stands more than once")
        raise BadRequestError(message, fields=(field,)) from None
    except (ValueError, RecursionError) as error:
        raise BadRequestError("The body is not JSON.") from error


class _RepeatedNameError(Exception):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _RepeatedNameError(name)
        seen.add(name)


def convert_fields(
    data: Mapping[str, Any], kind: type[S], *, strict: bool = True, rename: Callable[[str], str] = str
) -> S:
    """``data`` as a ``kind``, or an error that names every field at fault; ``rename`` gives the names to show.

    Raises:
        ValidationFailedError: with one entry in ``fields`` for each field at fault.
    """
    whole: msgspec.ValidationError | None = None
    # Whether each field is right is asked only where the whole is not: to ask costs ten times as much.
    if set(kind.__struct_encode_fields__).issuperset(data):
        try:
            return msgspec.convert(data, kind, strict=strict)
        except msgspec.ValidationError as error:
            whole = error
    faults = tuple(_faults(data, kind, strict=strict, rename=rename))
    if faults:
        raise ValidationFailedError(_sentence(faults), fields=faults)
    raise ValidationFailedError(f"{_PATH.sub('', str(whole))}.") from whole  # what only the whole can get wrong


def _faults(
    data: Mapping[str, Any], kind: type[Struct], *, strict: bool, rename: Callable[[str], str]
) -> Iterator[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in data:
        if name not in fields:
            yield FieldError(field=rename(str(name)[:64]), message="There is no such field")
    for name, field in fields.items():
        if name not in data:
            if field.required:
                yield FieldError(field=rename(name), message="This field is required")
            continue
        try:
            msgspec.convert(data[name], field.type, strict=strict)
        except msgspec.ValidationError as error:
            inner = _PATH.search(str(error))
            path = rename(name) + (inner["path"] if inner else "")
            yield FieldError(field=path, message=_PATH.sub("", str(error)).replace("`", ""))


def _sentence(faults: tuple[FieldError, ...]) -> str:
    return " ".join(f"{fault.field}: {fault.message}." for fault in faults)
