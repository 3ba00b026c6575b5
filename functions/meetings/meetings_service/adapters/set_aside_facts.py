"""Facts that were set aside, in the meetings' table.

| Item      | pk                | sk   | gsi1pk    | gsi1sk                |
|-----------|-------------------|------|-----------|-----------------------|
| Set aside | ``SET_ASIDE#<id>``| FACT | SET_ASIDE | ``<set_aside_at>#<id>`` |

They go by themselves after `KEPT_DAYS`. The list may lag behind by a moment.
"""

from __future__ import annotations

import msgspec

from functions.serverless.cursors import Place, cursor_at, place_of
from meetings_service.adapters.table import Key, Table, without_nulls
from meetings_service.domain.set_aside import SetAsideFact

KEPT_DAYS = 90


class SetAsideFacts:
    """What waits for somebody to look at it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, fact: SetAsideFact) -> None:
        """Keeps a fact, unless it is kept already."""
        place = {
            "gsi1pk": "SET_ASIDE",
            "gsi1sk": f"{fact.set_aside_at:015d}#{fact.id}",
            "expires_at": fact.set_aside_at // 1000 + KEPT_DAYS * 86_400,
        }
        self._table.update(_key(fact.id), sets={**place, **without_nulls(fact)}, condition="attribute_not_exists(#pk)")

    def find(self, fact_id: str) -> SetAsideFact | None:
        """A fact, None if it is not (any more) set aside."""
        item = self._table.get(_key(fact_id))
        return None if item is None else msgspec.convert(item, SetAsideFact)

    def page(self, *, cursor: str | None, limit: int) -> tuple[list[SetAsideFact], str | None]:
        """Facts, the latest first, and the cursor of those that follow: one query.

        Raises:
            InvalidFieldError: the cursor is none of ours.
        """
        items, more = self._table.newest("SET_ASIDE", after=None if cursor is None else place_of(cursor), limit=limit)
        facts = [msgspec.convert(item, SetAsideFact) for item in items]
        if not more:
            return facts, None
        return facts, cursor_at(Place(time=facts[-1].set_aside_at, id=facts[-1].id))

    def tried(self, fact: SetAsideFact, reason: str) -> None:
        """It was tried again, in vain."""
        self._table.update(
            _key(fact.id),
            sets={"tries": fact.tries + 1, "reason": reason[:500]},
            condition="attribute_exists(#pk)",
        )

    def discard(self, fact_id: str) -> None:
        """It is gone; one that is not there is no error."""
        self._table.delete_all([_key(fact_id)])


def _key(fact_id: str) -> Key:
    return f"SET_ASIDE#{fact_id}", "FACT"
