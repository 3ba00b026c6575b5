"""A meeting on two nodes (the fixture `nodes`), asked by one gateway."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from contracts.node_rpc import JoinRoom, NodeAnswer, NodeRequest
from contracts.rooms import NodeId

WEST, EAST = NodeId("west"), NodeId("east")
A = TypeVar("A")


class At:
    """A gateway's end of the RPC with one of the meeting's nodes."""

    def __init__(self, gateway: Any, node_id: NodeId) -> None:
        self._gateway = gateway
        self._node_id = node_id
        self.offers = gateway.offers

    async def request(self, request: NodeRequest) -> NodeAnswer:
        if isinstance(request, JoinRoom):
            request = msgspec.structs.replace(request, nodes=(WEST, EAST), version=1)
        return await self._gateway.request(request, node_id=self._node_id)  # type: ignore[no-any-return]

    async def ask(self, request: NodeRequest, kind: type[A]) -> A:
        answer = await self.request(request)
        assert isinstance(answer, kind), answer
        return answer
