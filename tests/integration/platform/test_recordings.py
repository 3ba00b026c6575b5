"""A recording on the running platform: made by its media node, listed by its catalogue, had through its front door."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import msgspec

from contracts.recording_manifest import MANIFEST, Manifest
from tests.platform_process import Platform

PATIENCE_S = 60.0
FRAMES = 30


class Host:
    """Somebody with an account and a meeting."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        account = {
            "email": f"host-{secrets.token_hex(4)}@example.org",
            "password": "a long enough password",
            "display_name": "Ada",
        }
        session = client.post("/v1/auth/register", json=account).json()
        self._asked = {"Authorization": f"Bearer {session['access_token']}"}
        self.meeting: str = self.ask("POST", "/v1/meetings", json={"title": "Hers"}).json()["id"]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self._client.request(method, path, headers=self._asked, **more)
        assert answer.status_code < 300, answer.text
        return answer

    def may_not(self, method: str, path: str) -> int:
        return self._client.request(method, path, headers=self._asked).status_code


def until(holds: Callable[[], Any], what: str, *, within_s: float = PATIENCE_S) -> Any:
    """What ``holds`` gives, once it gives something."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"in vain: {what}")


def frames_on_disk(platform: Platform, recording_id: str, parts: str = "*") -> int:
    """How many pictures recorders have written down so far, but for parts that are in the bucket already."""
    paths = Path(platform.data).glob(f"recordings/*/{recording_id}/{parts}/{MANIFEST}")
    told = (msgspec.json.decode(path.read_bytes(), type=Manifest) for path in paths)
    return sum(file.frames for each in told for file in each.files if file.source == "camera")


def test_what_was_recorded_is_listed_shared_had_and_deleted(
    platform: Platform, client: httpx.Client, encoder: Callable[[str], None]
) -> None:
    ada = Host(client)
    encoder(ada.ask("POST", f"/v1/meetings/{ada.meeting}/join", json={}).json()["meeting_token"])
    until(
        lambda: any(each["meeting_id"] == ada.meeting for each in ada.ask("GET", "/v1/rooms").json()["items"]),
        "the encoder is in",
    )
    recording_id = ada.ask("POST", f"/v1/rooms/{ada.meeting}/recording", json={"kind": "both"}).json()["recording_id"]
    path = f"/v1/meetings/recordings/{recording_id}"
    until(lambda: frames_on_disk(platform, recording_id) >= FRAMES, "something is recorded")
    ada.ask("DELETE", f"/v1/rooms/{ada.meeting}/recording")

    def listed() -> Any:
        items = ada.ask("GET", f"/v1/meetings/{ada.meeting}/recordings").json()["items"]
        return next((each for each in items if each["state"] == "ready"), None)

    told = until(listed, "the recording is ready")
    assert told["id"] == recording_id
    assert told["duration_ms"] > 0
    files = ada.ask("GET", path).json()["files"]
    [camera] = [file for file in files if file["source"] == "camera"]
    [film] = [file for file in files if file["source"] == "meeting"]
    assert film["duration_ms"] > 0
    address = ada.ask("POST", f"{path}/files/{camera['id']}/download").json()["url"]
    assert address.startswith(platform.url.rstrip("/"))
    with httpx.Client() as anybody:
        got = anybody.get(address)
        assert got.status_code == 200
        assert len(got.content) == camera["bytes"]
        assert "attachment" in got.headers["content-disposition"]
        part = anybody.get(address, headers={"Range": "bytes=0-99"})
        assert (part.status_code, part.content) == (206, got.content[:100])
        assert anybody.get(address.replace("X-Amz-Signature=", "X-Amz-Signature=0")).status_code == 403
        assert anybody.get(address.partition("?")[0]).status_code == 403
    with av.open(io.BytesIO(got.content), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) >= FRAMES
    ada.ask("DELETE", path)
    assert ada.may_not("GET", path) == 404
    with httpx.Client() as anybody:
        assert anybody.get(address).status_code in {403, 404}, "its files are gone, too"
