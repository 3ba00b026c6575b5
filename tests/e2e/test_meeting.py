"""The way through, as people go it: real Chromium, fake cameras and microphones, the running platform."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import httpx
import pytest

from tests.doubles.trace_collector import Collector
from tests.e2e.person import Person
from tests.platform_process import Platform

MakePerson = Callable[..., Person]
TOLERANCE_NS = 2_000_000
"""Browsers round what they measure."""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def host(person: MakePerson) -> Person:
    ada = person("Ada")
    ada.register()
    return ada


@pytest.fixture
def link(host: Person) -> str:
    return host.create_meeting("Weekly planning")


def test_three_people_see_and_hear_each_other(host: Person, link: str, person: MakePerson) -> None:
    member, guest = person("Ben"), person("Cleo", phone=True)
    member.register()
    host.screenshot("home-desktop")
    host.join(link)
    host.screenshot("alone-desktop")
    member.join(link)
    guest.join(link)
    everyone = [host, member, guest]
    for someone in everyone:
        for other in everyone:
            if other is not someone:
                someone.sees_picture(other.name)
                someone.hears(other.name)
    host.screenshot("three-people-desktop")
    guest.screenshot("three-people-phone")


def test_what_coming_in_took_is_one_trace_from_the_browser_to_the_node(
    host: Person, link: str, collector: Collector
) -> None:
    with host.page.expect_request(lambda request: request.url.endswith("/join")) as asked:
        host.join(link)
    trace_id, span_id = asked.value.headers["traceparent"].split("-")[1:3]
    join = collector.wait_for(trace_id, "parley-signaling", "join", "")
    assert (join.span_id, join.kind) == (span_id, "CLIENT")
    steps = [
        collector.wait_for(trace_id, "parley-signaling", f"join: {step}", span_id)
        for step in ("ticket", "connect", "welcome", "media")
    ]
    assert [join.started_at, join.ended_at] == [steps[0].started_at, steps[-1].ended_at]
    assert all(one.ended_at == other.started_at for one, other in pairwise(steps))
    told = collector.wait_for(trace_id, "parley-meetings", "POST /v1/meetings/{id}/join", span_id)
    assert told.ended_at - told.started_at <= steps[0].ended_at - steps[0].started_at + TOLERANCE_NS
    published = collector.wait_for(trace_id, "parley-signaling", "publish_offer", told.span_id)
    asking = collector.wait_for(trace_id, "parley-signaling", "Publish", published.span_id)
    collector.wait_for(trace_id, "parley-media", "Publish", asking.span_id)


def test_muting_stops_the_sound_and_unmuting_brings_it_back(host: Person, link: str, person: MakePerson) -> None:
    guest = person("Ben")
    host.join(link)
    guest.join(link)
    guest.hears("Ada")
    host.press("Turn off microphone")
    guest.waits_for_track("Ada", "microphone", muted=True)
    # Frames are the clock here: what was on its way arrives with the first ones, and nothing with the next.
    guest.sees_picture("Ada")
    packets = _packets(guest, "Ada")
    guest.sees_picture("Ada")
    assert _packets(guest, "Ada") == packets, "a muted track is not forwarded"
    host.press("Turn on microphone")
    guest.waits_for_track("Ada", "microphone", muted=False)
    guest.hears("Ada")


def test_a_camera_goes_off_and_on_again(host: Person, link: str, person: MakePerson) -> None:
    guest = person("Ben")
    host.join(link)
    guest.join(link)
    guest.sees_picture("Ada")
    host.press("Turn off camera")
    guest.waits_for_track("Ada", "camera", muted=True)
    guest.sees_no_picture("Ada")
    guest.screenshot("camera-off-desktop")
    host.press("Turn on camera")
    guest.sees_picture("Ada")


def test_of_more_cameras_than_are_wanted_that_of_who_speaks_is_seen(
    host: Person, link: str, person: MakePerson
) -> None:
    ben, cleo = person("Ben"), person("Cleo")
    for someone in (host, ben, cleo):
        someone.join(link)
    host.sees_picture("Ben")
    host.sees_picture("Cleo")
    cleo.press("Turn off microphone")
    host.limits_cameras(1)
    host.sees_no_picture("Cleo")
    host.sees_picture("Ben")
    host.screenshot("one-camera-of-two")
    ben.press("Turn off microphone")
    cleo.press("Turn on microphone")
    host.sees_picture("Cleo")
    host.sees_no_picture("Ben")
    host.limits_cameras(None)
    host.sees_picture("Ben")


def test_a_shared_screen_is_a_track_of_its_own(host: Person, link: str, person: MakePerson) -> None:
    guest = person("Ben")
    host.join(link)
    guest.join(link)
    host.press("Share screen")
    guest.sees_picture("Ada", "screen")
    guest.sees_picture("Ada")
    guest.screenshot("screen-share-desktop")
    host.press("Stop sharing")
    guest.sees_no_tile("Ada", "screen")
    host.press("Share screen")
    guest.sees_picture("Ada", "screen")


def test_leaving_removes_the_tile_and_rejoining_brings_it_back(host: Person, link: str, person: MakePerson) -> None:
    guest = person("Ben")
    host.join(link)
    guest.join(link)
    host.sees_picture("Ben")
    guest.leave()
    guest.screenshot("left-desktop")
    host.sees_no_tile("Ben")
    guest.page.get_by_role("button", name="Rejoin").click()
    guest.page.get_by_role("button", name="Join now").click()
    host.sees_picture("Ben")
    guest.sees_picture("Ada")


def test_closing_the_tab_is_leaving(host: Person, link: str, person: MakePerson) -> None:
    guest = person("Ben")
    host.join(link)
    guest.join(link)
    host.sees_tile("Ben")
    guest.page.close(run_before_unload=True)
    host.sees_no_tile("Ben")


def test_a_late_joiner_gets_a_key_frame_at_once(host: Person, link: str, person: MakePerson) -> None:
    ben, late = person("Ben"), person("Cleo")
    host.join(link)
    ben.join(link)
    ben.sees_picture("Ada")
    late.join(link)
    late.sees_picture("Ada")
    late.sees_picture("Ben")


def test_chat_reaches_everyone_and_waits_for_late_joiners(host: Person, link: str, person: MakePerson) -> None:
    guest = person("Ben")
    host.join(link)
    host.write("Have you seen https://example.org/plan?")
    guest.join(link)
    guest.press("Chat")
    entry = guest.page.get_by_role("link", name="https://example.org/plan")
    entry.wait_for()
    assert entry.get_attribute("rel") is not None
    guest.write("I <b>have</b>")
    host.page.get_by_text("I <b>have</b>").wait_for()
    host.screenshot("chat-desktop")


def test_a_removed_guest_is_told_and_cannot_come_back(host: Person, link: str, person: MakePerson) -> None:
    guest = person("Ben")
    host.join(link)
    guest.join(link)
    host.press("People")
    host.page.get_by_role("button", name="Options for Ben").click()
    host.page.get_by_role("menuitem", name="Remove from meeting").click()
    host.page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    guest.sees_heading("You were removed from the meeting")
    host.sees_no_tile("Ben")


def test_whose_sessions_are_ended_from_elsewhere_is_out_of_the_meeting_and_signs_in_again(
    host: Person, link: str, person: MakePerson, platform: Platform
) -> None:
    guest = person("Ben")
    host.join(link)
    guest.join(link)
    guest.hears("Ada")
    with httpx.Client(base_url=platform.url, timeout=30) as elsewhere:
        own = {"email": f"ada-{id(host)}@example.test", "password": "a long enough password"}
        token = elsewhere.post("/v1/auth/login", json=own).json()["access_token"]
        ended = elsewhere.delete(
            "/v1/auth/sessions", params={"keep_current": True}, headers={"Authorization": f"Bearer {token}"}
        )
    assert ended.status_code == 204, ended.text
    host.sees_heading("You are signed out")
    guest.sees_no_tile("Ada")
    host.screenshot("signed-out-desktop")
    host.page.get_by_role("button", name="Sign in").click()
    host.page.get_by_label("E-mail address").wait_for()


def test_the_end_closes_the_meeting_for_all(host: Person, link: str, person: MakePerson) -> None:
    guest, late = person("Ben"), person("Cleo", phone=True)
    host.join(link)
    guest.join(link)
    host.end_for_everyone()
    for someone in (host, guest):
        someone.sees_heading("The meeting has ended")
    guest.screenshot("ended-desktop")
    # What happened in the room has become a fact of the meeting: the link is closed as well.
    late.page.goto(link)
    late.page.wait_for_function(
        "async (path) => (await (await fetch(path)).json()).status === 'ended'",
        arg="/v1/meetings/" + link.rsplit("/", 1)[-1],
    )
    late.open(link)
    late.sees_heading("This meeting has ended")
    late.screenshot("ended-phone")


def test_a_meeting_without_guests_asks_to_sign_in(host: Person, person: MakePerson) -> None:
    link = host.create_meeting("Board", guests=False)
    guest = person("Ben")
    guest.open(link)
    guest.sees_heading("This meeting is for members")


def test_an_unknown_link_says_so(person: MakePerson) -> None:
    someone = person("Ben", phone=True)
    someone.open(f"{someone._url}/m/abc-defg-hjk")
    someone.sees_heading("This meeting does not exist")


def _packets(person: Person, name: str) -> int:
    entry = person.received(name, "microphone")
    return 0 if entry is None else int(entry["packets"])


def test_a_passcode_is_asked_for_and_each_refusal_is_told_in_words(
    host: Person, link: str, person: MakePerson, platform: Platform
) -> None:
    guest = person("Ben", phone=True)
    meeting = link.rsplit("/", 1)[-1]
    with httpx.Client(base_url=platform.url, timeout=30) as api:
        own = {"email": f"ada-{id(host)}@example.test", "password": "a long enough password"}
        token = api.post("/v1/auth/login", json=own).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        change = {"settings": {"passcode": "s3same!"}}
        assert api.patch(f"/v1/meetings/{meeting}", json=change, headers=bearer).status_code == 200
        guest.open(link)
        page = guest.page
        page.get_by_label("Your name").fill("Ben")
        page.get_by_label("Passcode").fill("open")
        page.get_by_role("button", name="Join now").click()
        page.get_by_text("This is not the passcode.").wait_for()
        guest.screenshot("passcode-phone")
        page.get_by_label("Passcode").fill("s3same!")
        page.get_by_role("button", name="Join now").click()
        page.get_by_role("button", name="Leave").wait_for()
        assert api.post(f"/v1/meetings/{meeting}/cancel", headers=bearer).status_code == 200
    guest.sees_heading("The meeting has ended")
    guest.open(link)
    guest.sees_heading("This meeting was cancelled")
