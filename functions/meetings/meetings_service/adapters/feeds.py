"""The secret addresses of people's calendar feeds, in the meetings' table: `adapters.repository` has the keys."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from msgspec import Struct

from meetings_service.adapters.table import Key, Table, without_nulls

_NOTED_EVERY_S: Final = 3_600


class Feed(Struct, frozen=True, kw_only=True):
    """Somebody's feed. Times in seconds since the epoch."""

    user_id: str
    name: str
    """Whose calendar it is, as programs show it."""
    secret: str
    """Kept readable, so that its owner can look it up: whoever reads the table reads the meetings anyway."""
    created_at: int
    last_read_at: int | None = None

    def __repr__(self) -> str:
        return f"Feed(user_id={self.user_id!r})"


class Feeds:
    """The feeds of all people: one each."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, user_id: str) -> Feed | None:
        """Somebody's feed; None: they have none."""
        item = self._table.get(_own_key(user_id))
        return None if item is None else msgspec.convert(item, Feed)

    def set(self, feed: Feed, former: Feed | None) -> bool:
        """Makes a feed somebody's in the place of ``former``; False if they have another one by now."""
        own, address = _own_key(feed.user_id), _key(feed.secret)
        item = {"pk": own[0], "sk": own[1], **without_nulls(feed)}
        if former is None:
            put = self._table.put_write(item, condition="attribute_not_exists(pk)")
            gone = []
        else:
            fields = {name: value for name, value in item.items() if name not in ("pk", "sk")}
            put = self._table.update_write(
                own,
                sets=fields,
                removes=("last_read_at",),
                condition="#secret = :former",
                values={":former": former.secret},
            )
            gone = [_key(former.secret)]
        way = self._table.put_write({"pk": address[0], "sk": address[1], "user_id": feed.user_id})
        done = self._table.transact([put, way])
        if done:
            self._table.delete_all(gone)
        return done

    def remove(self, feed: Feed) -> None:
        """Takes a feed away: its address opens nothing any more."""
        self._table.delete_all([_own_key(feed.user_id), _key(feed.secret)])

    def find(self, secret: str) -> Feed | None:
        """The feed with an address; None: there is none (any more)."""
        item = self._table.get(_key(secret))
        feed = None if item is None else self.of(str(item["user_id"]))
        return feed if feed is not None and feed.secret == secret else None

    def note_reading(self, feed: Feed, now: int) -> None:
        """Notes that a feed is read, to the hour."""
        if feed.last_read_at is None or feed.last_read_at <= now - _NOTED_EVERY_S:
            self._table.update(
                _own_key(feed.user_id),
                sets={"last_read_at": now},
                condition="#secret = :secret",
                values={":secret": feed.secret},
            )


def _own_key(user_id: str) -> Key:
    return f"USER#{user_id}", "FEED"


def _key(secret: str) -> Key:
    return f"FEED#{hashlib.sha256(secret.encode()).hexdigest()}", "FEED"
