"""What a meeting's recorder has made, in the page: found, played, kept, renamed, shared and deleted."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, expect

from contracts.recording_manifest import RESUMED_PART
from tests.e2e.pages.test_accessibility import violations
from tests.e2e.pages.test_meeting_pages import api_of
from tests.e2e.person import PATIENCE_MS, Person
from tests.integration.platform.test_recordings import frames_on_disk, until
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(300)
MakePerson = Callable[..., Person]

FRAMES = 10
GOES_ON_FRAMES = 100
"""So long that the catalogue cannot take what comes before for all of it (`recording_gaps.APART_MS`)."""


def record(ada: Person, platform: Platform, link: str) -> str:
    """Records a meeting that Ada is in alone, with a recorder that is lost in the middle, and ends it."""
    meeting = link.rpartition("/")[2]
    with api_of(ada.page, platform) as api:
        begun = api.post(f"/v1/rooms/{meeting}/recording", json={"kind": "tracks"})
        assert begun.status_code < 300, begun.text
        recording_id: str = begun.json()["recording_id"]
        until(lambda: frames_on_disk(platform, recording_id) >= FRAMES, "something is recorded")
        node = str(platform.process_of("media_fleet.main"))
        subprocess.run(["pkill", "-KILL", "-P", node, "-f", "media_fleet.recorder.worker"], check=True)
        until(lambda: frames_on_disk(platform, recording_id, f"*{RESUMED_PART}") >= GOES_ON_FRAMES, "it goes on")
        assert api.delete(f"/v1/rooms/{meeting}/recording").status_code < 300
        assert api.post(f"/v1/meetings/{meeting}/end").status_code < 300
    return recording_id


def both(person: Person, name: str) -> None:
    """Pictures of a page as a desktop and a phone have it."""
    for kind, width, height in (("phone", 390, 844), ("desktop", 1280, 800)):
        person.page.set_viewport_size({"width": width, "height": height})
        person.screenshot(f"{name}-{kind}")


def plays(page: Page, selector: str) -> None:
    page.wait_for_function(f"() => (document.querySelector('{selector}')?.currentTime ?? 0) > 0.1")


def plays_and_keeps(ada: Person) -> list[str]:
    """Plays a picture and a sound, and downloads the picture; what axe-core finds meanwhile."""
    page = ada.page
    page.get_by_role("button", name="Play: Ada, Camera").first.click()
    plays(page, "video")
    both(ada, "recording")
    found = violations(page, "a recording")
    page.get_by_role("button", name="Play: Ada, Microphone").first.click()
    plays(page, "audio")
    page.get_by_role("button", name="Close the player").click()
    expect(page.locator("audio")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download: Ada, Camera").first.click()
    assert download.value.suggested_filename.startswith("Review-")
    with av.open(io.BytesIO(Path(download.value.path()).read_bytes()), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) >= FRAMES
    return found


def renames(page: Page) -> None:
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill(" ")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_text("Give the recording a title.").wait_for()
    page.get_by_label("Title").fill("Review, first part")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Review, first part", level=1).wait_for()


def shares_and_takes_back(ada: Person, ben: Person, platform: Platform) -> None:
    page = ada.page
    page.get_by_text("Nobody yet.").wait_for()
    page.get_by_label("E-mail address").fill("ben@example.org, cleo@example.org")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Share", exact=True).click()
    shares = page.get_by_role("list", name="People the recording is shared with").get_by_role("listitem")
    expect(shares).to_have_count(2)
    both(ada, "recording-shared")

    ben.page.goto(f"{platform.url}/recordings")
    ben.page.get_by_text("No recordings yet").wait_for()
    ben.page.get_by_role("link", name="Shared with you").click()
    ben.page.get_by_role("link", name="Open the recording Review, first part").click()
    with ben.page.expect_download():
        ben.page.get_by_role("button", name="Download: Ada, Camera").first.click()
    expect(ben.page.get_by_role("button", name="Rename")).to_have_count(0)
    expect(ben.page.get_by_text("Shared with", exact=True)).to_have_count(0)

    page.get_by_role("button", name="Share with ben@example.org no more").click()
    expect(shares).to_have_count(1)
    ben.page.reload()
    ben.sees_heading("This recording does not exist")


def deletes_the_meeting_alone(ada: Person, link: str) -> None:
    page = ada.page
    page.goto(link.replace("/m/", "/meetings/"))
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete meeting").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="Keep them")).to_be_checked()
    both(ada, "deleting-a-recorded-meeting")
    dialog.get_by_role("button", name="Delete meeting").click()
    page.get_by_text("The meeting is deleted").wait_for()


def test_a_recording_is_played_kept_renamed_shared_and_deleted(person: MakePerson, platform: Platform) -> None:
    ada, ben = person("Ada"), person("Ben")
    ada.register()
    ben.sign_in_at_provider("ben@example.org")
    link = ada.create_meeting("Review")
    ada.join(link)
    recording_id = record(ada, platform, link)
    page = ada.page

    page.goto(f"{platform.url}/")
    page.get_by_role("link", name="Your recordings").click()
    page.get_by_role("list", name="Yours").get_by_role("link", name="Open the recording Review").click()
    page.wait_for_url(f"{platform.url}/recordings/{recording_id}")
    # Without looking again by hand: the page follows what becomes of it.
    page.get_by_role("list", name="Files of the recording").wait_for(timeout=3 * PATIENCE_MS)
    page.get_by_text("Until somebody deletes it").wait_for()
    missing = page.get_by_role("list", name="Some of this recording is missing").get_by_role("listitem")
    expect(missing).to_have_count(1)
    expect(missing).to_contain_text("The recorder broke down, and another one went on.")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        both(ada, f"recording-with-a-gap-{scheme}")
    found = plays_and_keeps(ada)
    renames(page)
    shares_and_takes_back(ada, ben, platform)

    page.goto(link.replace("/m/", "/meetings/"))
    page.get_by_role("list", name="Recordings").get_by_role("link").wait_for()
    both(ada, "meeting-with-recording")
    history = page.get_by_role("list", name="Times that people met").get_by_role("link").get_attribute("href")
    page.goto(f"{platform.url}{history}/recordings")
    page.get_by_role("list", name="Recordings").get_by_role("link").wait_for()
    deletes_the_meeting_alone(ada, link)
    page.goto(f"{platform.url}/recordings")
    page.get_by_role("list", name="Yours").get_by_role("link").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("The recording is deleted").wait_for()
    page.get_by_text("No recordings yet").wait_for()
    both(ada, "recordings-none")
    assert found == []
