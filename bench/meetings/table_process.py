"""moto as `tests.integration.functions.moto_process`, which also writes groups into a table when it is told to.

A line on standard input is an `Order` as JSON; the number of items is answered on standard output. They are put where
moto keeps them without its checks, which those that they are likenesses of have passed; values that many have alike
are there once.
"""

from __future__ import annotations

import sys
import threading

import msgspec
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from msgspec import Struct

from bench.meetings.population import Likenesses
from infra.local.aws_queries import note
from tests.integration.functions.moto_process import listening


class Order(Struct, frozen=True, kw_only=True):
    """Groups that are to be written."""

    region: str
    table: str
    likenesses: Likenesses
    first: int
    end: int


def write(order: Order) -> int:
    """Writes them, and says how many items they are."""
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][order.region].tables[order.table]
    alike: dict[bytes, DynamoType] = {}
    count = 0
    for items in order.likenesses.groups(order.first, order.end):
        for stored in items:
            item = Item(DynamoType(stored["pk"]), DynamoType(stored["sk"]), {})
            for name, value in stored.items():
                known = DynamoType(value) if "S" in value else alike.get(key := msgspec.json.encode(value))
                if known is None:
                    known = alike[key] = DynamoType(value)
                item.attrs[name] = known
            table.items[item.hash_key][item.range_key] = item
            note(table, item)
        count += len(items)
    return count


if __name__ == "__main__":
    server = listening(keeps_alive=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        print(write(msgspec.json.decode(line, type=Order)), flush=True)
