"""How evenly meetings lie on the media nodes, what moves when nodes die, and what a placement costs."""
