"""Values of moto's DynamoDB, compared and answered at a price that fits a table of thousands of items.

moto (5.2) looks for each of the ten kinds of value in every value that it answers, under three names each, and asks
for all other kinds before a string is a string, at every comparison: in a table of thousands of items that is most of
the time which a query takes. The answers are the same.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from moto.core.model import StructureShape
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models.dynamo_type import DynamoType

_cast = vars(DynamoType)["cast_value"]
_serialize = vars(ResponseSerializer)["_serialize_type_structure"]


def make_values_cheap() -> None:
    """Changes moto in this process; safe to call twice."""
    DynamoType.cast_value = property(_cast_value)  # type: ignore[assignment]
    setattr(ResponseSerializer, "_serialize_type_structure", _serialize_structure)  # noqa: B010 (none of ours)


def _cast_value(self: DynamoType) -> Any:
    return self.value if self.type == "S" else _cast.fget(self)


def _serialize_structure(
    self: ResponseSerializer, serialized: MutableMapping[str, Any], value: Any, shape: StructureShape, key: str
) -> None:
    if shape.name != "AttributeValue" or not key or type(value) is not dict or not value.keys() <= shape.members.keys():
        _serialize(self, serialized, value, shape, key)
        return
    wrapper: MutableMapping[str, Any] = self.MAP_TYPE()
    for kind, inner in value.items():
        if inner is not None:
            self._serialize(wrapper, inner, shape.members[kind], kind)
    self._default_serialize(serialized, wrapper, shape, key)
