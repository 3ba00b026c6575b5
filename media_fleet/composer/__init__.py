"""The composer: a process for each composite recording, which makes one picture and one sound of a meeting.

It is a recorder in all that has to do with the node (`media_fleet.recorder`), and decodes what it gets. Where the
machine is too slow for its pictures it leaves some out, never sound; and the packet path knows nothing of it.
"""
