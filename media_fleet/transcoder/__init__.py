"""A transcoder: a process that takes one track from its node, and sends it back in another codec.

It knows the node's packets and nothing of meetings; `media_fleet.adapters.transcoders` starts it.
"""
