"""The words that Parley's services share.

A module belongs here when two services fail together if they disagree about it: token claims, the events of
the meeting log, the messages between client and gateway, the requests to a media node, Redis names and error
codes. Pure data and pure functions: nothing here does I/O, reads a clock or knows a service.

Changes are additive: a field that is added has a default, a field that is sent is never given a new meaning.
"""
