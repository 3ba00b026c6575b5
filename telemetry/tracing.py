"""The trace that something belongs to, from the request that began it to all that it causes (W3C Trace Context).

A trace begins where a request comes in: with the caller's ``traceparent`` if it has sent one, otherwise here. Its id is
in the meeting token that the request is answered with, and goes on with every request to a media node, so that the log
lines of all services about one person's stay can be found together.
"""

from __future__ import annotations

import re
import secrets

from telemetry.logs import bound_value

TRACE_ID = r"^[0-9a-f]{32}$"

# Section 3.2: version 00, or a later one that may say more behind it.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def new_trace_id() -> str:
    """32 lower-case hexadecimal digits, at random (section 3.2.2.3)."""
    return secrets.token_hex(16)


def trace_id_of(traceparent: str | None) -> str:
    """The trace id of a ``traceparent`` header; a new one without it, or where it is malformed (section 4.3)."""
    matched = _TRACEPARENT.fullmatch(traceparent or "")
    if matched is None or (matched[2] is not None and str(traceparent).startswith("00")):
        return new_trace_id()
    return matched[1]


def current_trace_id() -> str:
    """The trace that is `telemetry.logs.bound`; empty: none is."""
    return str(bound_value("trace_id") or "")
