"""The routes of the catalogue of recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from contracts.rooms import room_of
from functions.serverless.preconditions import etag_of
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from meetings_service import recording_messages as messages
from meetings_service.adapters.records import Records
from meetings_service.audit import Audited
from meetings_service.domain.recordings import CataloguedRecording
from meetings_service.recordings import Recordings, SeenPage

_PATH = "/v1/meetings/recordings"
_RECORDING = f"{_PATH}/{{recording_id}}"
_KEYS = (ErrorCode.KEYS_UNAVAILABLE,)
_ONE = (ErrorCode.NOT_FOUND, ErrorCode.PERMISSION_DENIED, *_KEYS)


def add_recording_routes(
    app: Service, recordings: Recordings, *, records: Records, kept_days: Callable[[], int | None]
) -> None:
    """Registers the routes. ``kept_days``: how long recordings are kept now."""

    def names_in(recording: CataloguedRecording) -> Mapping[str, str]:
        stays = records.attendance(room_of(recording.meeting_id, recording.session))
        return {stay.participant_id: stay.name for stay in stays if stay.name is not None}

    _add_lists(app, recordings, kept_days)
    _add_one(app, recordings, names_in, kept_days)
    _add_shares(app, recordings)


def _add_lists(app: Service, recordings: Recordings, kept_days: Callable[[], int | None]) -> None:
    def told(page: SeenPage) -> Answer[messages.CataloguePage]:
        days = kept_days()
        items = tuple(messages.entry(each, days, recordings.poster(each.recording)) for each in page.entries)
        return Answer(body=messages.CataloguePage(items=items, next_cursor=page.next_cursor))

    @app.operation(
        "GET",
        _PATH,
        summary="Recordings, the latest first: of one's meetings, shared with one, or everybody's",
        access=Permission.MEETINGS_READ,
        query=messages.RecordingsQuery,
        answer=messages.CataloguePage,
        errors=(ErrorCode.PERMISSION_DENIED, *_KEYS),
    )
    def list_recordings(call: Call[Empty, messages.RecordingsQuery]) -> Answer[messages.CataloguePage]:
        query = call.query
        return told(recordings.list_of(call.caller, query.list, cursor=given(query.cursor), limit=query.limit))

    @app.operation(
        "GET",
        "/v1/meetings/{id}/recordings",
        summary="A meeting's recordings, the latest first",
        access=Permission.MEETINGS_READ,
        query=messages.MeetingsRecordingsQuery,
        answer=messages.CataloguePage,
        errors=(ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, *_KEYS),
    )
    def list_recordings_of_meeting(
        call: Call[Empty, messages.MeetingsRecordingsQuery],
    ) -> Answer[messages.CataloguePage]:
        query = call.query
        session = given(query.session)
        page = recordings.of_meeting(
            call.caller, call.path["id"], cursor=given(query.cursor), limit=query.limit, session=session
        )
        return told(page)


def _add_one(
    app: Service,
    recordings: Recordings,
    names_in: Callable[[CataloguedRecording], Mapping[str, str]],
    kept_days: Callable[[], int | None],
) -> None:
    @app.operation(
        "GET",
        _RECORDING,
        summary="A recording, with its files",
        access=Permission.MEETINGS_READ,
        answer=messages.CatalogueEntryWhole,
        errors=_ONE,
    )
    def read_recording(call: Call[Empty, Empty]) -> Answer[messages.CatalogueEntryWhole]:
        seen = recordings.find(call.caller, call.path["recording_id"])
        contents = recordings.contents(seen.recording)
        names = names_in(seen.recording) if contents.files else {}
        body = messages.whole(seen, kept_days(), recordings.poster(seen.recording), contents, names)
        return Answer(body=body, headers=_etag(seen.recording))

    @app.operation(
        "POST",
        f"{_RECORDING}/files/{{file_id}}/download",
        summary="An address at which one file can be had for some minutes",
        access=Permission.MEETINGS_READ,
        answer=messages.Download,
        errors=_ONE,
        audited=Audited.RECORDING_DOWNLOADED,
    )
    def download_recording(call: Call[Empty, Empty]) -> Answer[messages.Download]:
        address = recordings.address(call.caller, call.path["recording_id"], call.path["file_id"])
        return Answer(body=messages.download(address))

    @app.operation(
        "PATCH",
        _RECORDING,
        summary="Give a recording another title",
        access=Permission.MEETINGS_WRITE,
        body=messages.RecordingChange,
        answer=messages.CatalogueEntry,
        errors=(*_ONE, ErrorCode.PRECONDITION_FAILED),
        audited=Audited.RECORDING_RENAMED,
    )
    def rename_recording(call: Call[messages.RecordingChange, Empty]) -> Answer[messages.CatalogueEntry]:
        renamed = recordings.rename(call.caller, call.path["recording_id"], call.body.title, call.headers)
        body = messages.entry(renamed, kept_days(), recordings.poster(renamed.recording))
        return Answer(body=body, headers=_etag(renamed.recording))

    @app.operation(
        "DELETE",
        _RECORDING,
        summary="Delete a recording, with its files",
        access=Permission.MEETINGS_WRITE,
        answer=None,
        status=204,
        errors=(*_ONE, ErrorCode.CONFLICT),
        audited=Audited.RECORDING_DELETED,
    )
    def delete_recording(call: Call[Empty, Empty]) -> Answer[None]:
        recordings.delete(call.caller, call.path["recording_id"])
        return Answer(body=None)


def _add_shares(app: Service, recordings: Recordings) -> None:
    @app.operation(
        "GET",
        f"{_RECORDING}/shares",
        summary="With whom a recording is shared",
        access=Permission.MEETINGS_READ,
        answer=messages.ShareList,
        errors=_ONE,
    )
    def list_recording_shares(call: Call[Empty, Empty]) -> Answer[messages.ShareList]:
        known = recordings.shares(call.caller, call.path["recording_id"])
        return Answer(body=messages.ShareList(items=tuple(map(messages.share, known))))

    @app.operation(
        "POST",
        f"{_RECORDING}/shares",
        summary="Share a recording with somebody",
        access=Permission.MEETINGS_WRITE,
        body=messages.ShareBody,
        answer=messages.ShareTold,
        errors=(*_ONE, ErrorCode.CONFLICT),
        audited=Audited.RECORDING_SHARED,
    )
    def share_recording(call: Call[messages.ShareBody, Empty]) -> Answer[messages.ShareTold]:
        body = call.body
        done = recordings.share(
            call.caller, call.path["recording_id"], user_id=body.user_id, address=body.address, name=body.name
        )
        return Answer(body=messages.share(done))

    @app.operation(
        "DELETE",
        f"{_RECORDING}/shares/{{share_id}}",
        summary="Share a recording with somebody no more",
        access=Permission.MEETINGS_WRITE,
        answer=None,
        status=204,
        errors=_ONE,
        audited=Audited.RECORDING_UNSHARED,
    )
    def unshare_recording(call: Call[Empty, Empty]) -> Answer[None]:
        recordings.unshare(call.caller, call.path["recording_id"], call.path["share_id"])
        return Answer(body=None)


def _etag(recording: CataloguedRecording) -> dict[str, str]:
    return {"ETag": etag_of(recording.version)}
