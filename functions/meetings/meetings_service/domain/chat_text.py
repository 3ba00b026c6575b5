"""The chat as a text for people. No line of it can be forged by what somebody wrote: its further lines are indented."""

from __future__ import annotations

from contracts.client_commands import EVERYONE, HOSTS
from functions.serverless.times import rfc3339
from meetings_service.domain.chat_history import ChatLine


def written(line: ChatLine) -> str:
    """One message, such as ``[2026-12-01T09:00:00.000Z] Ada to Bob: Hello``, with an end of line."""
    about = f"[{rfc3339(line.at or 0)}] {line.name or '?'}{_addressees(line)}"
    text = line.last_text
    if text is None:
        return f"{about} (removed)\n"
    edited = "" if line.edited_at is None else " (edited)"
    return f"{about}{edited}: {text.replace(chr(13), '').replace(chr(10), chr(10) + '    ')}\n"


def _addressees(line: ChatLine) -> str:
    place = "" if line.breakout is None else f" in {line.breakout.name}"
    if line.to is None:
        return place
    known = {HOSTS: "the hosts", EVERYONE: "everyone"}
    return f"{place} to {known.get(line.to, line.to_name or '?')}"
