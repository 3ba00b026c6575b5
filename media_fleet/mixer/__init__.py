"""A mixer: a process that takes all sound of a room from its node, and sends it back as one stream for each listener.

It knows the node's packets and nothing of meetings; `media_fleet.mixers` starts it.
"""
