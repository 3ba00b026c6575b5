"""The port to the connected clients, as the rooms use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from contracts.client_messages import Closing


class ClientDelivery(Protocol):
    """Sends to connections by their Socket.IO session id. Ids that are gone are passed over."""

    def send(self, sids: Iterable[str], event: str, message: Struct) -> None:
        """Puts one message, encoded once, in each connection's queue. In order for each connection; does not wait."""

    def replaced(self, sid: str, closing: Closing) -> None:
        """Closes a connection whose client goes on in another one. It may do so itself, once all is answered."""

    def close(self, sid: str, closing: Closing) -> None:
        """Closes the connection soon: after the commands under way on it are acknowledged, with ``closing`` said."""
