"""How people are written to, and how many mails they have sent, in the meetings' table (`adapters.repository`)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts.access_token import AccessClaims
from meetings_service.adapters.table import Key, Table
from meetings_service.domain.rule_words import Locale

_KNOWN_AT_ONCE: Final = 2_000
_COUNTED_S: Final = 3 * 86_400


class Contact(Struct, frozen=True, kw_only=True):
    """How somebody with an account is written to. None: it is not known."""

    address: str | None = None
    """Their e-mail address, once it is proven."""
    locale: Locale | None = None
    time_zone: str | None = None
    """An IANA name."""

    def __repr__(self) -> str:
        return f"Contact(locale={self.locale!r}, time_zone={self.time_zone!r})"


class Contacts:
    """Addresses come from access tokens: where somebody has to do with invitations, theirs is noted."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._noted: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, user_id: str) -> Contact:
        """How somebody is written to."""
        item = self._table.get(_key(user_id))
        return Contact() if item is None else msgspec.convert(item, Contact)

    def note(self, user: AccessClaims) -> None:
        """Notes the proven address of somebody, if it is another one than before. Mostly costs nothing."""
        address = user.proven_address
        with self._lock:
            if address is None or self._noted.get(user.sub) == address:
                return
        self._table.update(
            _key(user.sub),
            sets={"address": address},
            condition="attribute_not_exists(#address) OR #address <> :address",
            values={":address": address},
        )
        with self._lock:
            self._noted[user.sub] = address
            if len(self._noted) > _KNOWN_AT_ONCE:
                self._noted.popitem(last=False)

    def set_preferences(self, user_id: str, *, locale: Locale | None, time_zone: str | None) -> None:
        """In which language and time zone somebody is written to."""
        wanted = {"locale": locale, "time_zone": time_zone}
        self._table.update(
            _key(user_id),
            sets={name: value for name, value in wanted.items() if value is not None},
            removes=[name for name, value in wanted.items() if value is None],
        )

    # ---- mails that somebody has sent, by day (UTC) ----

    def mails_of(self, user_id: str, now: float) -> int:
        """How many mails somebody has sent today."""
        item = self._table.get(_count_key(user_id, now))
        return 0 if item is None else int(item["count"])

    def count_mails(self, user_id: str, number: int, now: float, *, limit: int | None = None) -> bool:
        """Counts mails of somebody; not where they would be more than ``limit`` today: then False."""
        key = _count_key(user_id, now)
        values: dict[str, Any] = {":number": number}
        condition = ""
        if limit is not None:
            condition, values[":most"] = "attribute_not_exists(#count) OR #count <= :most", limit - number
        return self._table.count(key, "count", expires_at=int(now) + _COUNTED_S, condition=condition, values=values)


def _key(user_id: str) -> Key:
    return f"USER#{user_id}", "CONTACT"


def _count_key(user_id: str, now: float) -> Key:
    return f"USER#{user_id}", f"MAILS#{datetime.fromtimestamp(now, tz=UTC):%Y-%m-%d}"
