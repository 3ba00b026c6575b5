"""The recorder: a process for each recording, which receives the tracks over loopback and writes them to files.

It is one of the core's subscribers, so that nothing in the packet path knows of it; and apart from the node's process,
so that neither a slow disk nor a broken file ever delays a packet.
"""
