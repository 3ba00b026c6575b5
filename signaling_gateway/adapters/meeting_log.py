"""Meeting logs as Redis streams: one Lua script compares, appends and announces in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.log_events import LogEvent, MeetingEnded, decode_event, encode_event
from contracts.rooms import MeetingId
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.meeting_log import ENDED_LOG_LIFE_MS, Conflict, LogEntry, LogLostError

PAGE = 1000
"""How many entries are read at once."""

# KEYS: log, facts. ARGV: channel, version the caller knows, append id, time to live in ms (0: none), page, events.
# Answer: {version before, entries that the caller does not know (when that is not the version it named)}.
# The facts hash is touched for its time to live only; it lies in the log's slot.
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local version = 0
if last[1] then version = tonumber(string.match(last[1][1], '^%d+')) end
if version ~= tonumber(ARGV[2]) then
  return {version, redis.call('XRANGE', KEYS[1], '(' .. ARGV[2] .. '-0', '+', 'COUNT', ARGV[5])}
end
for i = 6, #ARGV do
  redis.call('XADD', KEYS[1], string.format('%d-0', version + i - 5), 'e', ARGV[i], 'a', ARGV[3])
end
if ARGV[4] ~= '0' then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
redis.call('SPUBLISH', ARGV[1], '{"after":' .. ARGV[2] .. ',"append_id":"' .. ARGV[3] .. '","events":['
  .. table.concat(ARGV, ',', 6) .. ']}')
return {version}
"""


class Announcement(Struct, frozen=True, kw_only=True):
    """What the script publishes on the meeting's channel."""

    after: int
    append_id: str
    events: tuple[LogEvent, ...]

    def entries(self) -> tuple[LogEntry, ...]:
        """The announced events as entries of the log."""
        return tuple(
            LogEntry(version=version, event=event, append_id=self.append_id)
            for version, event in enumerate(self.events, start=self.after + 1)
        )


announcement_decoder: msgspec.json.Decoder[Announcement] = msgspec.json.Decoder(Announcement)


class RedisMeetingLog:
    """`MeetingLog` on Redis or Valkey 7 and later."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(_APPEND)

    async def append(
        self, meeting_id: MeetingId, *, after: int, events: Sequence[LogEvent], append_id: str
    ) -> Conflict | None:
        """See `MeetingLog.append`."""
        life_ms = ENDED_LOG_LIFE_MS if isinstance(events[-1], MeetingEnded) else 0
        channel = redis_names.meeting_channel(meeting_id)
        try:
            answer: list[Any] = await self._append(
                keys=[redis_names.meeting_log(meeting_id), redis_names.meeting_facts(meeting_id)],
                args=[channel, after, append_id, life_ms, PAGE, *map(encode_event, events)],
            )
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
        version = int(answer[0])
        if version < after:
            raise LogLostError(f"the log of {meeting_id} ends at {version}, and {after} was known")
        return None if version == after else Conflict(entries=_entries(answer[1]))

    async def read(self, meeting_id: MeetingId, *, after: int) -> tuple[LogEntry, ...]:
        """See `MeetingLog.read`. Reads the last known entry again, so that a shortened log is noticed."""
        key = redis_names.meeting_log(meeting_id)
        entries: list[LogEntry] = []
        start = f"{after}-0"
        try:
            while True:
                page = _entries(await self._redis.xrange(key, min=start, count=PAGE))
                entries.extend(page)
                if len(page) < PAGE:
                    break
                start = f"({page[-1].version}-0"
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
        if after == 0:
            return tuple(entries)
        if not entries or entries[0].version != after:
            raise LogLostError(f"the log of {meeting_id} does not reach {after}")
        return tuple(entries[1:])


def _entries(raw: Any) -> tuple[LogEntry, ...]:
    return tuple(_entry(entry_id, fields) for entry_id, fields in raw)


def _entry(entry_id: bytes, fields: dict[bytes, bytes] | list[bytes]) -> LogEntry:
    """From XRANGE's answer; a script hands on the fields as a flat list."""
    named = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
    return LogEntry(
        version=int(entry_id.partition(b"-")[0]),
        event=decode_event(named[b"e"]),
        append_id=named.get(b"a", b"").decode(),
    )
