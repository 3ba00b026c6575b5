"""How a gateway serves rooms: the append loop, fan-out, negotiation with media nodes, grace periods."""
