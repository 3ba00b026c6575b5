"""What a gateway counts: the reference is docs/metrics.md, which is written from here."""

from __future__ import annotations

import asyncio
import time

from telemetry.metrics import SECONDS, Metrics, write_table

PREFIX = "parley_gateway"
METRICS = Metrics(PREFIX)

CONNECTIONS = METRICS.gauge("connections", "Participants who are connected to this gateway, in rooms and lobbies.")
DOOR_SESSIONS = METRICS.gauge("door_sessions", "Participants who came in over HTTP, by WHIP and WHEP.")
ROOMS = METRICS.gauge("rooms", "Rooms that this gateway has open.")
DRAINING = METRICS.gauge("draining", "1 from SIGTERM on: nobody is let in any more.")
SUBSCRIBED = METRICS.gauge("subscribed", "1 while announcements of other gateways and answers of nodes can come in.")
CLOCK_APART = METRICS.gauge(
    "clock_apart_seconds",
    "How far Redis's clock, which all go by, is ahead of this machine's: above 1, either way, one of them is wrong.",
)
FACTS_WAITING = METRICS.gauge(
    "facts_waiting", "What has happened in meetings and is not in the stream for the meeting service yet."
)
LOOP_LAG = METRICS.histogram(
    "loop_lag_seconds", "How late the event loop is, asked four times a second: above 0.05 the gateway is overloaded."
)

CONNECTS = METRICS.counter(
    "connects",
    "Tries to come in. `outcome`: `joined`, `resumed`, or the code of the refusal.",
    "outcome",
)
DISCONNECTS = METRICS.counter("disconnects", "Connections that have ended, in whatever way.")
REFUSED_FRAMES = METRICS.counter(
    "refused_frames", "WebSockets closed for what came over them, before it was a command.", "reason"
)
SLOW_CLIENTS = METRICS.counter("slow_clients", "Connections dropped because the client did not read what it was sent.")

COMMAND_SECONDS = METRICS.histogram(
    "command_seconds",
    "From a command to its acknowledgement. `code`: `ok`, or the code of the refusal.",
    "command",
    "code",
)
DOOR_REQUESTS = METRICS.histogram(
    "door_request_seconds",
    "Requests over HTTP by WHIP and WHEP. `code`: `ok`, or the code of the refusal.",
    "method",
    "code",
)
LIVE_REQUESTS = METRICS.histogram(
    "live_request_seconds",
    "Requests of those who watch broadcasts. `piece`: `playlist` (held back until there is news), `media` or `other`. "
    "`code`: `ok`, `gone` (who asked did not wait, or did not read), or the code of the refusal.",
    "piece",
    "code",
)
LIVE_FETCHES = METRICS.counter(
    "live_fetches", "What of that was fetched from media nodes: once for all who ask at the same time.", "piece"
)
LIVE_BYTES = METRICS.counter("live_bytes", "Bytes of broadcasts sent to those who watch, and to caches for them.")
SENT = METRICS.counter("sent_messages", "Messages sent, counted once for each receiver.", "message")
SENT_BYTES = METRICS.counter("sent_bytes", "Bytes of those messages.")

APPEND_SECONDS = METRICS.histogram(
    "log_append_seconds",
    "Appends to meetings' logs. `outcome`: `stands`, `conflict` (another gateway was faster; it is tried again), "
    "`unavailable` (Redis did not answer) or `lost` (entries are missing in Redis).",
    "outcome",
)
APPENDED = METRICS.counter("log_events", "Events that this gateway has appended to logs.")

NODE_REQUEST_SECONDS = METRICS.histogram(
    "node_request_seconds",
    "Requests to media nodes. `code`: `ok`, or the code of the refusal.",
    "request",
    "code",
    # A recorder has eight seconds to start.
    buckets=(*SECONDS, 10.0),
)
TRANSPORT_FAILURES = METRICS.counter("transport_failures", "Media transports that nodes report as failed.", "transport")
MEDIA_RESTARTS = METRICS.counter("media_restarts", "Participants who were told to negotiate media anew.")
PARTICIPANTS_SENT = METRICS.counter(
    "participants_sent",
    "Participants sent to another node than their meeting's home: it is full, drains or is farther away.",
)
PLACEMENTS = METRICS.counter(
    "placements",
    "Searches for a media node for a meeting. `outcome`: `placed`, or `none` where no node could take it.",
    "outcome",
)

ACCESS_LOST = METRICS.counter(
    "access_lost",
    "Participants taken out by this gateway because of their account. `reason`: `suspended`, `deleted` or "
    "`session_ended`.",
    "reason",
)
TAKEN_OVER = METRICS.counter("rooms_taken_over", "Rooms taken over from gateways that are gone.")
FACTS = METRICS.counter(
    "facts",
    "What has happened in meetings, on its way to the meeting service. `outcome`: `delivered`, or `dead` (kept aside, "
    "for a person to look at).",
    "outcome",
)
ADMINISTERED = METRICS.counter(
    "administered", "Requests over HTTP to live rooms. `code`: `ok`, or the code of the refusal.", "request", "code"
)

LAG_ASKED_EVERY_S = 0.25


async def watch_loop() -> None:
    """Measures `LOOP_LAG`, until cancelled."""
    while True:
        due = time.monotonic() + LAG_ASKED_EVERY_S
        await asyncio.sleep(LAG_ASKED_EVERY_S)
        LOOP_LAG.observe(max(0.0, time.monotonic() - due))


if __name__ == "__main__":
    write_table(PREFIX, METRICS.rows())
