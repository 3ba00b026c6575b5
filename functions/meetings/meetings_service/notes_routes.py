"""The routes of the shared notes of a session, for those who were there and those who run the meeting."""

from __future__ import annotations

from msgspec import Struct

from contracts.access_control import Permission
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service.history import History
from meetings_service.history_routes import HISTORY_ERRORS, SESSION_PATH, as_file, opened_by_caller
from meetings_service.messages import Time


class EarlierNotes(Struct, frozen=True, kw_only=True):
    """The shared notes as they were then."""

    text: str
    at: Time


class NotesTold(Struct, frozen=True, kw_only=True):
    """The shared notes. Of a session that goes on, as they were half a minute ago at the most. ``kept_at`` null: nobody
    has written any, or none are for the caller."""

    text: str
    kept_at: Time | None
    before: EarlierNotes | None
    """The longest text that was kept before, if less than half as much is left; told to those who run the meeting, null
    for all others."""


class NotesExport(Struct, frozen=True, kw_only=True):
    """The shared notes of a session."""

    meeting_id: str
    title: str
    session: int
    text: str
    kept_at: Time | None


def add_notes_routes(app: Service, history: History) -> None:
    """Registers the routes."""

    @app.operation(
        "GET",
        f"{SESSION_PATH}/notes",
        summary="The shared notes of a session",
        access=Permission.MEETINGS_READ,
        answer=NotesTold,
        errors=HISTORY_ERRORS,
    )
    def read_notes(call: Call[Empty, Empty]) -> Answer[NotesTold]:
        opened = opened_by_caller(history, call)
        notes = history.notes(opened)
        before = history.notes_before(opened, notes)
        text, at = ("", None) if notes is None else (notes.text, notes.at)
        earlier = None if before is None else EarlierNotes(text=before.text, at=rfc3339(before.at))
        return Answer(body=NotesTold(text=text, kept_at=rfc3339_if_known(at), before=earlier))

    @app.operation(
        "GET",
        f"{SESSION_PATH}/notes.txt",
        summary="The same, as a text to keep",
        access=Permission.MEETINGS_READ,
        answer=str,
        media_type="text/plain; charset=utf-8",
        errors=HISTORY_ERRORS,
    )
    def export_notes_as_text(call: Call[Empty, Empty]) -> Answer[str]:
        opened = opened_by_caller(history, call)
        notes = history.notes(opened)
        return Answer(body="" if notes is None else notes.text, headers=as_file(opened, "notes.txt"))

    @app.operation(
        "GET",
        f"{SESSION_PATH}/notes.json",
        summary="The same, as JSON to keep",
        access=Permission.MEETINGS_READ,
        answer=NotesExport,
        errors=HISTORY_ERRORS,
    )
    def export_notes_as_json(call: Call[Empty, Empty]) -> Answer[NotesExport]:
        opened = opened_by_caller(history, call)
        notes = history.notes(opened)
        body = NotesExport(
            meeting_id=opened.meeting.id,
            title=opened.meeting.title,
            session=opened.session.number,
            text="" if notes is None else notes.text,
            kept_at=rfc3339_if_known(None if notes is None else notes.at),
        )
        return Answer(body=body, headers=as_file(opened, "notes.json"))
