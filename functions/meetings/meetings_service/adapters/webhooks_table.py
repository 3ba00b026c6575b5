"""Webhooks and their deliveries, in the table of `meetings_service.adapters.repository`, which has the keys."""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from functions.serverless.aws import from_item, to_item
from functions.serverless.cursors import Place, cursor_at, place_of
from meetings_service.adapters.table import Key, Table, without_nulls
from meetings_service.domain.deliveries import CLAIM_MS, KEPT_S, Delivery, DeliveryState, LastDelivery
from meetings_service.domain.webhooks import DisabledBecause, Secret, Webhook

DUE_SHARDS: Final = 8
"""Over so many partitions of the index the deliveries that are to be sent are spread: one takes 1,000 writes a second,
and a delivery is four or five."""
DeliveryKey = tuple[str, str]
"""The ids of the webhook and the message."""


class DeliveryPage(Struct, frozen=True, kw_only=True):
    """Some deliveries, the latest first, and the cursor of the next page; None at the end."""

    deliveries: tuple[Delivery, ...]
    next_cursor: str | None


class WebhooksTable:
    """Lists may lag behind by a moment; a single one is read as it is now."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # ---- webhooks ----

    def add(self, webhook: Webhook) -> bool:
        """Adds a webhook; False if there is one with its id."""
        listed = {"gsi1pk": f"WEBHOOKS#{webhook.owner}", "gsi1sk": f"{webhook.created_at:015d}#{webhook.id}"}
        return self._table.add({**_named(_webhook_key(webhook.id)), **listed, **without_nulls(webhook)})

    def find(self, webhook_id: str) -> Webhook | None:
        """A webhook; None if there is none."""
        item = self._table.get(_webhook_key(webhook_id))
        return None if item is None else msgspec.convert(item, Webhook)

    def of_owner(self, owner: str) -> list[Webhook]:
        """Somebody's webhooks, the oldest first."""
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :owner",
            ExpressionAttributeValues=to_item({":owner": f"WEBHOOKS#{owner}"}),
        )
        return [msgspec.convert(from_item(item), Webhook) for item in answer["Items"]]

    def replace(self, before: Webhook, after: Webhook) -> Webhook | None:
        """Changes a webhook, and gives it as it is then; None if it is not (any more) as ``before``."""
        old, new = without_nulls(before), without_nulls(after)
        sets = {name: value for name, value in new.items() if old.get(name) != value and name != "version"}
        changed = self._table.update(
            _webhook_key(before.id),
            sets=sets,
            removes=[name for name in old if name not in new],
            adds_version=True,
            condition="attribute_exists(#pk) AND #version = :version",
            values={":version": before.version},
        )
        return None if changed is None else msgspec.convert(changed, Webhook)

    def fails(self, webhook_id: str, *, since: int, error: str) -> None:
        """Notes since when a webhook fails, unless that is known."""
        self._table.update(
            _webhook_key(webhook_id),
            sets={"failing_since": since, "last_error": error},
            condition="attribute_exists(#pk) AND attribute_not_exists(#failing_since)",
        )

    def note(self, webhook_id: str, latest: LastDelivery) -> None:
        """Notes what a webhook was told last, unless a later attempt is noted."""
        self._table.update(
            _webhook_key(webhook_id),
            sets={"last_delivery": without_nulls(latest)},
            condition="attribute_exists(#pk)"
            " AND (attribute_not_exists(#last_delivery) OR #last_delivery.#attempt.#at <= :at)",
            values={":at": latest.attempt.at},
        )

    def seal(self, webhook: Webhook, secrets: tuple[Secret, ...]) -> None:
        """Puts the same secrets in another form into a webhook, unless it was changed meanwhile. No change of it."""
        self._table.update(
            _webhook_key(webhook.id),
            sets={"secrets": [without_nulls(each) for each in secrets]},
            condition="attribute_exists(#pk) AND #version = :version",
            values={":version": webhook.version},
        )

    def works(self, webhook_id: str) -> None:
        """Notes that a webhook does not fail any more."""
        self._table.update(
            _webhook_key(webhook_id),
            removes=("failing_since", "last_error"),
            condition="attribute_exists(#failing_since)",
        )

    def disable(self, webhook: Webhook, because: DisabledBecause, *, at: int, error: str) -> bool:
        """Turns a webhook off, and says why; False if it was turned off, changed or deleted meanwhile."""
        off = replace(webhook, disabled_because=because, disabled_at=at, failing_since=at, last_error=error)
        if webhook.failing_since is not None:
            off = replace(off, failing_since=webhook.failing_since)
        return self.replace(webhook, off) is not None

    def delete(self, webhook_id: str) -> None:
        """Deletes a webhook with its deliveries, the webhook itself first: nothing is sent any more.

        May be repeated as long as somebody knows the id; what is left of deliveries expires by itself.
        """
        self._table.delete_all([_webhook_key(webhook_id)])
        pk, _ = _webhook_key(webhook_id)
        self._table.delete_all([(item["pk"], item["sk"]) for item in self._table.query(pk, attributes=("pk", "sk"))])

    # ---- deliveries ----

    def put_down(self, delivery: Delivery) -> bool:
        """Puts down a message that is to be sent; False if it was put down before."""
        waiting = replace(delivery, next_at=delivery.at if delivery.next_at is None else delivery.next_at)
        item = {
            **_named(_delivery_key(waiting.webhook_id, waiting.id)),
            "gsi1pk": f"DELIVERIES#{waiting.webhook_id}",
            "gsi1sk": f"{waiting.at:015d}#{waiting.id}",
            **_due(waiting),
            **without_nulls(waiting),
            "expires_at": waiting.at // 1000 + KEPT_S,
        }
        return self._table.add(item)

    def delivery(self, webhook_id: str, message_id: str) -> Delivery | None:
        """A delivery; None if there is none (any more)."""
        item = self._table.get(_delivery_key(webhook_id, message_id))
        return None if item is None else msgspec.convert(item, Delivery)

    def page(
        self, webhook_id: str, *, cursor: str | None, limit: int, state: DeliveryState | None = None
    ) -> DeliveryPage:
        """Some of a webhook's deliveries; with ``state`` those of so many that are in it.

        Raises:
            InvalidFieldError: the cursor is none of ours.
        """
        partition = f"DELIVERIES#{webhook_id}"
        request = _in_state(state, {":partition": partition})
        if cursor is not None:
            place = place_of(cursor)
            position = {"gsi1pk": partition, "gsi1sk": f"{place.time:015d}#{place.id}"}
            request["ExclusiveStartKey"] = to_item({**_named(_delivery_key(webhook_id, place.id)), **position})
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :partition",
            ScanIndexForward=False,
            Limit=limit,
            **request,
        )
        found = tuple(msgspec.convert(from_item(item), Delivery) for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return DeliveryPage(deliveries=found, next_cursor=None if last is None else _cursor_after(from_item(last)))

    def failed_since(self, webhook_id: str, since: int, *, limit: int) -> list[DeliveryKey]:
        """Deliveries that were put down since then and given up, the earliest first, so many at most."""
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :partition AND gsi1sk >= :since",
            **_in_state(DeliveryState.FAILED, {":partition": f"DELIVERIES#{webhook_id}", ":since": f"{since:015d}"}),
        )
        found: list[DeliveryKey] = []
        for page in pages:
            found += [_ids(item) for item in page["Items"]]
            if len(found) >= limit:
                break
        return found[:limit]

    def due(self, *, now: int, limit: int) -> list[DeliveryKey]:
        """Deliveries whose time has come, the first ones first, about so many at most."""
        found: list[tuple[str, DeliveryKey]] = []
        for shard in range(DUE_SHARDS):
            answer = self._table.client.query(
                TableName=self._table.name,
                IndexName="gsi2",
                KeyConditionExpression="gsi2pk = :due AND gsi2sk < :now",
                ExpressionAttributeValues=to_item({":due": f"DELIVERIES_DUE#{shard}", ":now": f"{now + 1:015d}"}),
                Limit=limit // DUE_SHARDS,
            )
            found += [(str(from_item(item)["gsi2sk"]), _ids(item)) for item in answer["Items"]]
        return [key for _, key in sorted(found)]

    def claim(self, key: DeliveryKey, *, now: int) -> Delivery | None:
        """A delivery that is to be sent, for the caller alone for a while; None if it is not, or is somebody else's."""
        webhook_id, message_id = key
        until = now + CLAIM_MS
        claimed = self._table.update(
            _delivery_key(webhook_id, message_id),
            sets={"claimed_until": until, "gsi2sk": f"{until:015d}#{message_id}"},
            condition="#state = :pending AND #claimed_until <= :now",
            values={":pending": DeliveryState.PENDING.value, ":now": now},
        )
        return None if claimed is None else msgspec.convert(claimed, Delivery)

    def settle(self, delivery: Delivery) -> bool:
        """Notes what has become of a delivery, or that it is to be sent again.

        False if it is not the caller's any more: it took too long, or somebody has asked for it again, or deleted it.
        """
        done = replace(delivery, claimed_until=0)
        gone = [] if done.next_at is not None else ["next_at", "gsi2pk", "gsi2sk"]
        changed = self._table.update(
            _delivery_key(done.webhook_id, done.id),
            sets={**without_nulls(done), **_due(done)},
            removes=gone,
            condition="#claimed_until = :mine",
            values={":mine": delivery.claimed_until},
        )
        return changed is not None

    def send_again(self, key: DeliveryKey, *, now: int) -> Delivery | None:
        """Makes a delivery one that is to be sent, whatever has become of it; None if there is none."""
        again = self._table.update(
            _delivery_key(*key),
            sets={
                "state": DeliveryState.PENDING.value,
                "tries": 0,
                "next_at": now,
                "claimed_until": 0,
                "gsi2pk": _due_partition(key[1]),
                "gsi2sk": f"{now:015d}#{key[1]}",
            },
            condition="attribute_exists(#pk)",
        )
        return None if again is None else msgspec.convert(again, Delivery)


def _in_state(state: DeliveryState | None, values: dict[str, Any]) -> dict[str, Any]:
    if state is None:
        return {"ExpressionAttributeValues": to_item(values)}
    return {
        "FilterExpression": "#state = :state",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": to_item({**values, ":state": state.value}),
    }


def _cursor_after(last: dict[str, Any]) -> str:
    time, _, message_id = str(last["gsi1sk"]).partition("#")
    return cursor_at(Place(time=int(time), id=message_id))


def _ids(item: Any) -> DeliveryKey:
    key = from_item(item)
    return key["pk"].removeprefix("WEBHOOK#"), key["sk"].removeprefix("DELIVERY#")


def _due(delivery: Delivery) -> dict[str, str]:
    if delivery.next_at is None:
        return {}
    return {"gsi2pk": _due_partition(delivery.id), "gsi2sk": f"{delivery.next_at:015d}#{delivery.id}"}


def _due_partition(message_id: str) -> str:
    return f"DELIVERIES_DUE#{zlib.crc32(message_id.encode()) % DUE_SHARDS}"


def _webhook_key(webhook_id: str) -> Key:
    return f"WEBHOOK#{webhook_id}", "WEBHOOK"


def _delivery_key(webhook_id: str, message_id: str) -> Key:
    return f"WEBHOOK#{webhook_id}", f"DELIVERY#{message_id}"


def _named(key: Key) -> dict[str, str]:
    return {"pk": key[0], "sk": key[1]}
