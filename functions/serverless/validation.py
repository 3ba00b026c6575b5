"""Turns parsed JSON, query parameters and environment variables into typed values, naming every field at fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from functions.serverless.problems import BadRequestError, FieldError, ValidationFailedError

S = TypeVar("S", bound=Struct)
_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")


def decode_body(raw: bytes, kind: type[S]) -> S:
    """The typed body of a request.

    Raises:
        BadRequestError: it is not JSON.
        ValidationFailedError: it is JSON of another shape; ``fields`` names every top-level field at fault.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        first = error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequestError("The body is not JSON.") from error
    try:
        data = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequestError("The body is not JSON.") from error
    if not isinstance(data, dict):
        raise ValidationFailedError("The body must be a JSON object.") from first
    return convert_fields(data, kind)


def convert_fields(
    data: Mapping[str, Any], kind: type[S], *, strict: bool = True, rename: Callable[[str], str] = str
) -> S:
    """``data`` as a ``kind``, or an error that names every field at fault; ``rename`` gives the names to show.

    Raises:
        ValidationFailedError: with one entry in ``fields`` for each field at fault.
    """
    faults = tuple(_faults(data, kind, strict=strict, rename=rename))
    if faults:
        raise ValidationFailedError(_sentence(faults), fields=faults)
    try:
        return msgspec.convert(data, kind, strict=strict)
    except msgspec.ValidationError as error:  # what only the whole can get wrong
        raise ValidationFailedError(f"{_PATH.sub('', str(error))}.") from error


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
