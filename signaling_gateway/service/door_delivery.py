"""Delivery to connections of both kinds: over Socket.IO, and through a standard door."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from contracts.client_messages import Closing
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.standard_doors import StandardDoors


class DeliveryByDoor:
    """`ClientDelivery` for connections of both kinds. ``doors`` is set by the composition root."""

    doors: StandardDoors

    def __init__(self, sockets: ClientDelivery) -> None:
        self._sockets = sockets

    def send(self, sids: Iterable[str], event: str, message: Struct) -> None:
        """See `ClientDelivery.send`."""
        if not len(self.doors):
            self._sockets.send(sids, event, message)
            return
        sids = list(sids)
        held = [sid for sid in sids if self.doors.holds(sid)]
        self._sockets.send([sid for sid in sids if not self.doors.holds(sid)], event, message)
        for sid in held:
            self.doors.heard(sid, event, message)

    def replaced(self, sid: str, closing: Closing) -> None:
        """See `ClientDelivery.replaced`."""
        self._farewell(sid, closing, self._sockets.replaced)

    def close(self, sid: str, closing: Closing) -> None:
        """See `ClientDelivery.close`."""
        self._farewell(sid, closing, self._sockets.close)

    def _farewell(self, sid: str, closing: Closing, otherwise: Callable[[str, Closing], None]) -> None:
        if self.doors.holds(sid):
            self.doors.closed(sid, closing)
        else:
            otherwise(sid, closing)
