"""Meeting logs as Redis streams: one Lua script compares, appends and announces in one step.

Beside a long log stands a checkpoint: the room's state as of one of its versions. What lies far behind it is dropped,
once the facts of it have been passed on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.log_codec import decode_event, encode_event
from contracts.log_events import LogEvent, MeetingEnded
from contracts.rooms import MeetingId
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.metrics import APPEND_SECONDS, APPENDED
from signaling_gateway.service.meeting_log import (
    CHECKPOINT_EVERY,
    ENDED_LOG_LIFE_MS,
    KEPT_ENTRIES,
    RECALLED,
    Conflict,
    LoadedLog,
    LogEntry,
    LogLostError,
)

PAGE = 1000
"""How many entries are read at once."""

# KEYS: log, checkpoint, facts.
# ARGV: channel, version the caller knows, append that wrote it, append id, time to live in ms (0: none), page, events.
# Answer: nothing when it is done; otherwise the entry that the caller knows, if there is one, and those that follow.
# Facts and checkpoint are touched for their time to live only; they lie in the log's slot.
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local version, writer = 0, ''
if last[1] then version, writer = tonumber(string.match(last[1][1], '^%d+')), last[1][2][4] end
if version ~= tonumber(ARGV[2]) or (ARGV[3] ~= '' and writer ~= ARGV[3]) then
  return redis.call('XRANGE', KEYS[1], ARGV[2] .. '-0', '+', 'COUNT', ARGV[6])
end
for i = 7, #ARGV do
  redis.call('XADD', KEYS[1], string.format('%d-0', version + i - 6), 'e', ARGV[i], 'a', ARGV[4])
end
if ARGV[5] ~= '0' then
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[5]) end
end
redis.call('SPUBLISH', ARGV[1], '{"after":' .. ARGV[2] .. ',"follows":"' .. writer .. '","append_id":"' .. ARGV[4]
  .. '","events":[' .. table.concat(ARGV, ',', 7) .. ']}')
return false
"""

# KEYS: log, checkpoint. ARGV: page, entries wanted before the checkpoint.
# Answer: {version and state of the checkpoint, entries}.
# A checkpoint beyond the end of its log tells of entries that Redis has lost: it is void.
_LOAD = """
local checkpoint = redis.call('HMGET', KEYS[2], 'v', 's')
local start = '-'
if checkpoint[1] then
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  if last[1] and tonumber(string.match(last[1][1], '^%d+')) >= tonumber(checkpoint[1]) then
    start = string.format('%d-0', math.max(tonumber(checkpoint[1]) - ARGV[2] + 1, 1))
  else
    redis.call('DEL', KEYS[2])
    checkpoint = {false, false}
  end
end
return {checkpoint[1], checkpoint[2], redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', ARGV[1])}
"""

# KEYS: log, checkpoint, facts.
# ARGV: channel, time to live in ms (0: none), state, version of the oldest entry known, append and event of each.
# Answer: 1 when the log has all of them now, 0 when it goes another way. An empty log goes on from a checkpoint.
_MEND = """
local first = tonumber(ARGV[4])
local known = first + (#ARGV - 4) / 2 - 1
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local version = 0
if last[1] then version = tonumber(string.match(last[1][1], '^%d+')) end
local function append_of(v) return ARGV[5 + 2 * (v - first)] end
if version > 0 then
  local common = math.min(version, known)
  if common < first then return 0 end
  local entry = redis.call('XRANGE', KEYS[1], string.format('%d-0', common), string.format('%d-0', common))
  if not entry[1] or entry[1][2][4] ~= append_of(common) then return 0 end
elseif first > 1 then
  redis.call('HSET', KEYS[2], 'v', string.format('%d', known), 's', ARGV[3])
end
for v = math.max(version + 1, first), known do
  local append, event = append_of(v), ARGV[6 + 2 * (v - first)]
  local follows = ''
  if v > first then follows = append_of(v - 1) end
  redis.call('XADD', KEYS[1], string.format('%d-0', v), 'e', event, 'a', append)
  local entry = string.format('{"after":%d,"follows":"%s","append_id":"%s"', v - 1, follows, append)
  redis.call('SPUBLISH', ARGV[1], entry .. ',"events":[' .. event .. ']}')
end
if ARGV[2] ~= '0' then
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
return 1
"""

# KEYS: log, checkpoint, facts. ARGV: version, state, entries to be kept before it, most entries looked at.
# An entry goes once its gateway has noted that the fact of it was passed on.
_KEEP_CHECKPOINT = """
local known = redis.call('HGET', KEYS[2], 'v')
if known and tonumber(known) >= tonumber(ARGV[1]) then return end
redis.call('HSET', KEYS[2], 'v', ARGV[1], 's', ARGV[2])
local life = redis.call('PTTL', KEYS[1])
if life > 0 then redis.call('PEXPIRE', KEYS[2], life) end
local bound = tonumber(ARGV[1]) - tonumber(ARGV[3])
if bound < 1 then return end
local passed_on = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', string.format('%d-0', bound), 'COUNT', ARGV[4])) do
  local version = tonumber(string.match(entry[1], '^%d+'))
  local gateway = string.match(entry[2][4], '^(.*):%d+$')
  if passed_on[gateway] == nil then passed_on[gateway] = tonumber(redis.call('HGET', KEYS[3], gateway) or 0) end
  if passed_on[gateway] < version then break end
  redis.call('XTRIM', KEYS[1], 'MINID', string.format('%d-0', version + 1))
end
"""
LOOKED_AT = 4 * CHECKPOINT_EVERY


class Announcement(Struct, frozen=True, kw_only=True):
    """What the script publishes on the meeting's channel."""

    after: int
    follows: str
    """The append that wrote the entry before; empty: it is the first one, or that is not known."""
    append_id: str
    events: tuple[LogEvent, ...]

    def entries(self) -> tuple[LogEntry, ...]:
        """The announced events as entries of the log."""
        return tuple(
            LogEntry(version=version, event=event, append_id=self.append_id)
            for version, event in enumerate(self.events, start=self.after + 1)
        )


_state_encoder = msgspec.json.Encoder()
_state_decoder: msgspec.json.Decoder[RoomState] = msgspec.json.Decoder(RoomState)
announcement_decoder: msgspec.json.Decoder[Announcement] = msgspec.json.Decoder(Announcement)


class RedisMeetingLog:
    """`MeetingLog` on Redis or Valkey 7 and later."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(_APPEND)
        self._load = redis.register_script(_LOAD)
        self._mend = redis.register_script(_MEND)
        self._keep_checkpoint = redis.register_script(_KEEP_CHECKPOINT)

    async def append(
        self, meeting_id: MeetingId, *, after: int, follows: str = "", events: Sequence[LogEvent], append_id: str
    ) -> Conflict | None:
        """See `MeetingLog.append`."""
        started = time.perf_counter()
        outcome = "stands"
        try:
            conflict = await self._appended(meeting_id, after, follows, events, append_id)
            if conflict is None:
                APPENDED.inc(len(events))
            else:
                outcome = "conflict"
        except LogUnavailableError:
            outcome = "unavailable"
            raise
        except LogLostError:
            outcome = "lost"
            raise
        finally:
            APPEND_SECONDS.labels(outcome).observe(time.perf_counter() - started)
        return conflict

    async def _appended(
        self, meeting_id: MeetingId, after: int, follows: str, events: Sequence[LogEvent], append_id: str
    ) -> Conflict | None:
        channel = redis_names.meeting_channel(meeting_id)
        try:
            found: list[Any] | None = await self._append(
                keys=_keys(meeting_id),
                args=[channel, after, follows, append_id, _life_ms(events[-1]), PAGE, *map(encode_event, events)],
            )
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
        return None if found is None else Conflict(entries=_following(_entries(found), after, follows))

    async def read(self, meeting_id: MeetingId, *, after: int, follows: str = "") -> tuple[LogEntry, ...]:
        """See `MeetingLog.read`. Reads the last known entry again, so that a log with another past is noticed."""
        return _following(await self._range(meeting_id, f"{after}-0"), after, follows)

    async def mend(self, meeting_id: MeetingId, *, state: RoomState, entries: Sequence[LogEntry]) -> bool:
        """See `MeetingLog.mend`."""
        if not entries:
            return False
        known = [part for entry in entries for part in (entry.append_id, encode_event(entry.event))]
        args = [
            redis_names.meeting_channel(meeting_id),
            _life_ms(entries[-1].event),
            _state_encoder.encode(state),
            entries[0].version,
            *known,
        ]
        try:
            return bool(await self._mend(keys=_keys(meeting_id), args=args))
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def load(self, meeting_id: MeetingId) -> LoadedLog:
        """See `MeetingLog.load`."""
        keys = [redis_names.meeting_log(meeting_id), redis_names.meeting_checkpoint(meeting_id)]
        try:
            version, encoded, raw = await self._load(keys=keys, args=[PAGE, RECALLED])
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
        state = RoomState() if version is None else _state_decoder.decode(encoded)
        entries = _entries(raw)
        if len(entries) == PAGE:
            entries += await self._range(meeting_id, f"({entries[-1].version}-0")
        return LoadedLog(state=state, entries=entries)

    async def kept(self, meeting_id: MeetingId) -> tuple[LogEntry, ...]:
        """See `MeetingLog.kept`."""
        return await self._range(meeting_id, "-")

    async def keep_checkpoint(self, meeting_id: MeetingId, state: RoomState) -> None:
        """See `MeetingLog.keep_checkpoint`."""
        args: list[bytes | int] = [state.version, _state_encoder.encode(state), KEPT_ENTRIES, LOOKED_AT]
        try:
            await self._keep_checkpoint(keys=_keys(meeting_id), args=args)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def _range(self, meeting_id: MeetingId, start: str) -> tuple[LogEntry, ...]:
        entries: list[LogEntry] = []
        try:
            while True:
                raw: Any = await self._redis.xrange(redis_names.meeting_log(meeting_id), min=start, count=PAGE)
                entries.extend(_entries(raw))
                if len(raw) < PAGE:
                    return tuple(entries)
                start = f"({entries[-1].version}-0"
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error


def _keys(meeting_id: MeetingId) -> list[str]:
    return [
        redis_names.meeting_log(meeting_id),
        redis_names.meeting_checkpoint(meeting_id),
        redis_names.meeting_facts(meeting_id),
    ]


def _life_ms(last: LogEvent) -> int:
    return ENDED_LOG_LIFE_MS if isinstance(last, MeetingEnded) else 0


def _following(found: tuple[LogEntry, ...], after: int, follows: str) -> tuple[LogEntry, ...]:
    """What follows the known entry, which is the first one of ``found``, unless nothing was known."""
    if after == 0:
        if found and found[0].version != 1:
            raise LogLostError(f"the log goes on at {found[0].version}, and nothing was known")
        return found
    if not found or found[0].version != after:
        raise LogLostError(f"the log does not have {after}")
    if follows not in {"", found[0].append_id}:
        raise LogLostError(f"{after} was written by {found[0].append_id}, and {follows} was known")
    return found[1:]


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
