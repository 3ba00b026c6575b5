"""Puts down what webhooks are told, and has it sent at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from contracts.facts import Fact
from contracts.rooms import MeetingId
from functions.serverless.started_functions import StartedFunction
from meetings_service.adapters.records import Records
from meetings_service.adapters.webhooks_table import DeliveryKey, WebhooksTable
from meetings_service.domain.deliveries import Delivery
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.webhook_events import Event, ends_session, events_of, is_told, left_at_the_end
from meetings_service.domain.webhooks import ORGANISATION, Webhook

_STARTED_AT_ONCE: Final = 100
"""Deliveries of one invocation."""


class Outbox:
    """Tells webhooks. Everything may be told again: the deliveries are the same. ``clock``: seconds since the epoch.

    ``function``: what sends deliveries; without one they wait for its schedule.
    """

    def __init__(
        self,
        *,
        table: WebhooksTable,
        records: Records,
        function: StartedFunction,
        clock: Callable[[], float],
    ) -> None:
        self._table = table
        self._records = records
        self._function = function
        self._clock = clock

    def tell(self, host_id: str, *events: Event) -> None:
        """Tells the webhooks of a meeting's host, and the organisation's, what has happened to the meeting."""
        once = {event.message_id: event for event in events}.values()
        if not once:
            return
        webhooks = self._told_of(host_id)
        wanted = [(webhook, event) for webhook in webhooks for event in once if webhook.wants(event.type)]
        self.start([self.put_down(webhook, event) for webhook, event in wanted])

    def is_wanted(self, host_id: str, event: Event) -> bool:
        """Whether a webhook is to be told of an event of a meeting of this host."""
        return any(webhook.wants(event.type) for webhook in self._told_of(host_id))

    def _told_of(self, host_id: str) -> list[Webhook]:
        """The webhooks that are told of somebody's meetings."""
        return [*self._table.of_owner(host_id), *self._table.of_owner(ORGANISATION)]

    def tell_facts(self, meeting: Meeting, room_id: MeetingId, facts: Iterable[Fact]) -> None:
        """Tells them what has happened in a room of a meeting, once it stands in the meeting's record."""
        told = [fact for fact in facts if is_told(fact)]
        events = [event for fact in told for event in events_of(fact, meeting)]
        for end in filter(ends_session, told):
            events += left_at_the_end(end, meeting, self._records.attendance(room_id))
        self.tell(meeting.host_id, *events)

    def put_down(self, webhook: Webhook, event: Event) -> DeliveryKey:
        """Puts down an event for one webhook."""
        delivery = Delivery(
            id=event.message_id,
            webhook_id=webhook.id,
            event=event.type,
            at=int(self._clock() * 1000),
            body=event.body,
        )
        self._table.put_down(delivery)
        return webhook.id, delivery.id

    @property
    def sends_at_once(self) -> bool:
        """Whether there is a function to be started."""
        return self._function.is_known

    def start(self, keys: Sequence[DeliveryKey]) -> None:
        """Has deliveries sent now, those of each webhook by themselves: one that is slow holds up no other."""
        by_webhook: defaultdict[str, list[DeliveryKey]] = defaultdict(list)
        for key in keys:
            by_webhook[key[0]].append(key)
        for of_one in by_webhook.values():
            for begin in range(0, len(of_one), _STARTED_AT_ONCE):
                self._function.start({"deliveries": of_one[begin : begin + _STARTED_AT_ONCE]})
