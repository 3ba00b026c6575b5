"""The trace that something belongs to, from the request that began it to all that it causes (W3C Trace Context).

A trace begins where a request comes in: with the caller's ``traceparent`` if it has sent one, otherwise here. Its id is
in the meeting token that the request is answered with, and goes on with every request to a media node, so that the log
lines of all services about one person's stay can be found together. Beside it goes the id of the span that caused what
is asked for, where there is one (`telemetry.spans`).
"""

from __future__ import annotations

import re
import secrets
from contextlib import AbstractContextManager

from telemetry.logs import bound, bound_value

TRACE_ID = r"^[0-9a-f]{32}$"

# Section 3.2: version 00, or a later one that may say more behind it.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


def new_trace_id() -> str:
    """32 lower-case hexadecimal digits, at random (section 3.2.2.3)."""
    return secrets.token_hex(16)


def traced(trace_id: str, span_id: str = "") -> AbstractContextManager[None]:
    """Goes on with a trace: its ids are in all log lines within, and in all that is asked of others.

    Empty: not known.
    """
    ids = {"trace_id": trace_id, "span_id": span_id}
    return bound(**{name: value for name, value in ids.items() if value})


def traced_as(traceparent: str | None) -> AbstractContextManager[None]:
    """Goes on with the trace of a ``traceparent`` header; a new one without it, or where it is malformed (4.3)."""
    matched = _TRACEPARENT.fullmatch(traceparent or "")
    if matched is None or (matched[3] is not None and str(traceparent).startswith("00")):
        return traced(new_trace_id())
    return traced(matched[1], matched[2])


def current_trace_id() -> str:
    """The trace that is `telemetry.logs.bound`; empty: none is."""
    return str(bound_value("trace_id") or "")


def current_span_id() -> str:
    """The span in it that causes what is done now; empty: none is known."""
    return str(bound_value("span_id") or "")
