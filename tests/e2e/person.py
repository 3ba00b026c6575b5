"""Someone at a browser: what a person does in Parley's page, and what they see and hear there.

Everything goes through the page as a person would use it, by roles and names; `window.__parleyRoom`, the SDK's room, is
only read, for what cannot be seen: decoded frames and sound energy; but for how many cameras are received, which the
page has no control for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError

PATIENCE_MS: Final = 20_000
"""How long something may take on a loaded machine before it counts as not happening."""

SHOWS_A_PICTURE = """
(video) => {
  const canvas = new OffscreenCanvas(32, 18);
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 32, 18);
  const { data } = context.getImageData(0, 0, 32, 18);
  const light = Array.from({ length: 32 * 18 }, (_, at) => Math.max(...data.slice(4 * at, 4 * at + 3)));
  return Math.max(...light) > 60 && Math.max(...light) - Math.min(...light) > 20;
}
"""
RECEIVED = """
async ([name, source]) => {
  const room = window.__parleyRoom;
  const person = room.state.participants.find((participant) => participant.name === name);
  const track = person?.tracks.find((candidate) => candidate.source === source);
  if (!track) return null;
  const stats = await room.getStats();
  return stats.tracks.find((entry) => entry.trackId === track.id && entry.direction === "received") ?? null;
}
"""

SMALL_CAMERA = """
const { mediaDevices } = navigator;
const ask = mediaDevices?.getUserMedia.bind(mediaDevices);
if (ask) mediaDevices.getUserMedia = ({ video, ...rest }) =>
  ask({ ...rest, ...(video && { video: { ...video, width: { ideal: 640 }, height: { ideal: 360 } } }) });
"""
ROOM = """
async () => {
  const room = window.__parleyRoom;
  if (!room) return { address: location.pathname };
  const { status, media, path } = room.state;
  const { tracks, roundTrip } = await room.getStats();
  const received = tracks
    .filter(({ direction }) => direction === "received")
    .map(({ kind, packets, frames }) => [kind, packets, frames]);
  return { status, media, path, roundTrip, received };
}
"""


class Person:
    """One browser context: own cookies, own devices. ``phone`` gives it a phone's screen and touch."""

    def __init__(self, browser: Browser, url: str, name: str, artefacts: Path, *, phone: bool = False) -> None:
        self.name = name
        self._url = url
        self._artefacts = artefacts
        viewport = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 800}
        self._context = browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            device_scale_factor=2 if phone else 1,
            has_touch=phone,
            is_mobile=phone,
            locale="en-GB",
            permissions=["camera", "microphone", "clipboard-read", "clipboard-write"],
        )
        self._context.add_init_script(SMALL_CAMERA)
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self._warnings: list[str] = []
        self.page.on("console", self._hear)

    # ---- before the meeting ----

    def register(self) -> None:
        page = self.page
        page.goto(f"{self._url}/register")
        page.get_by_label("Your name").fill(self.name)
        page.get_by_label("E-mail address").fill(f"{self.name.lower()}-{id(self)}@example.test")
        page.get_by_label("Password", exact=True).fill("a long enough password")
        page.get_by_role("button", name="Create account").click()
        page.wait_for_url(re.compile(r"/$"))
        expect(page.get_by_text(f"Hello, {self.name}")).to_be_visible()

    def sign_in(self, email: str, password: str) -> None:
        """Asks to be let in with a password; whether that works is another matter."""
        page = self.page
        page.goto(f"{self._url}/sign-in")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()

    def sign_in_at_provider(self, login: str) -> None:
        """Comes in by the test's identity provider, which takes any password."""
        page = self.page
        page.goto(f"{self._url}/sign-in")
        page.get_by_role("button", name="Continue with Example").click()
        page.locator("[name=login]").fill(login)
        page.locator("[name=password]").fill("any")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        page.get_by_text(re.compile("^Hello, ")).wait_for()

    def sign_out(self) -> None:
        """By the menu in the header, until the session is over: a page that is left before that may still have it."""
        self.page.get_by_role("button", name=f"Account of {self.name}").click()
        with self.page.expect_response("**/v1/auth/logout"):
            self.page.get_by_role("menuitem", name="Sign out").click()

    def create_meeting(self, title: str, *, guests: bool = True, encrypted: bool = False) -> str:
        """Creates a meeting and copies its link, as it stands in the clipboard."""
        page = self.page
        page.get_by_role("button", name="New meeting").click()
        page.get_by_label("Title").fill(title)
        if not guests:
            page.get_by_text("Guests can join without an account").click()
        if encrypted:
            page.get_by_text("Encrypt from end to end").click()
        page.get_by_role("button", name="Get a link").click()
        page.get_by_role("dialog").get_by_role("button", name="Copy link", exact=True).click()
        page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('/m/')")
        link: str = page.evaluate("navigator.clipboard.readText()")
        assert link == page.get_by_label("Meeting link").input_value()
        return link

    def open(self, link: str) -> None:
        self.page.goto(link)

    def join(self, link: str, *, camera: bool = True) -> None:
        """Opens a link, checks the devices and joins; a guest gives the name.

        Without ``camera``, where it is about words: no machine has pictures to make of it.
        """
        self.open(link)
        name = self.page.get_by_label("Your name")
        name.wait_for()
        if name.input_value() != self.name:
            name.fill(self.name)
        # The preview plays: camera and microphone are there before anyone sees or hears them.
        self.page.wait_for_function("() => [...document.querySelectorAll('video')].some((v) => v.videoWidth > 0)")
        if not camera:
            self.page.get_by_role("button", name="Turn off camera").click()
        self.page.get_by_role("button", name="Join now").click()
        self.page.wait_for_function("() => window.__parleyRoom?.state.status === 'connected'")

    def knock(self, link: str | None = None) -> None:
        """Opens a link, unless it is open already, and asks to be let in, as a guest."""
        if link is not None:
            self.open(link)
        self.page.get_by_label("Your name").fill(self.name)
        self.page.get_by_role("button", name="Join now").click()
        self.sees_heading("Waiting to be let in")

    # ---- in the meeting ----

    def press(self, name: str) -> None:
        """Presses a control. On a phone, some are behind the one called More."""
        button = self.page.get_by_role("button", name=name, exact=True).last
        more = self.page.get_by_role("button", name="More", exact=True)
        button.or_(more).first.wait_for()
        if not button.is_visible():
            more.click()
            self.page.get_by_role("menuitem", name=name).click()
            return
        button.click()

    def tile(self, name: str, source: str = "camera") -> Locator:
        """The tile of somebody's camera or screen, by the name on it."""
        label = f"{name} (you)" if name == self.name else name
        if source == "screen":
            label = "Your screen" if name == self.name else f"{name}’s screen"
        return self.page.get_by_test_id("tile").and_(self.page.get_by_label(label, exact=True))

    def sees_tile(self, name: str, source: str = "camera") -> None:
        expect(self.tile(name, source)).to_be_visible()

    def sees_no_tile(self, name: str, source: str = "camera") -> None:
        expect(self.tile(name, source)).to_have_count(0)

    def sees_picture(self, name: str, source: str = "camera") -> None:
        """The picture of somebody is there, its frames go on, and it is neither black nor of one colour."""
        self.sees_frames(name, source)
        # A frame that is decoded is shown a moment later.
        video = self.tile(name, source).locator("video").element_handle()
        self.page.wait_for_function(SHOWS_A_PICTURE, arg=video)

    def sees_frames(self, name: str, source: str = "camera") -> None:
        """The picture of somebody is there, and its frames go on."""
        self.sees_tile(name, source)
        first = self._await_frames(name, source, 1)
        self._await_frames(name, source, first + 8)

    def sees_no_picture(self, name: str) -> None:
        expect(self.tile(name).locator("video")).to_have_count(0)

    def _await_frames(self, name: str, source: str, count: int) -> int:
        frames = self.page.wait_for_function(
            f"async ([name, source, count]) => {{ const entry = await ({RECEIVED})([name, source]);"
            " return (entry?.frames ?? 0) >= count && entry.frames; }",
            arg=[name, source, count],
        )
        return int(frames.json_value())

    def hears(self, name: str) -> None:
        """Sound energy of somebody's microphone arrives and grows."""
        energy = self.sound_energy(name)
        self.page.wait_for_function(
            f"async ([name, energy]) => ((await ({RECEIVED})([name, 'microphone']))?.totalAudioEnergy ?? 0) > energy",
            arg=[name, energy],
        )

    def sound_energy(self, name: str) -> float:
        entry = self.received(name, "microphone")
        return float((entry or {}).get("totalAudioEnergy") or 0)

    def received(self, name: str, source: str) -> dict[str, Any] | None:
        """What the SDK's statistics say of a received track."""
        entry: dict[str, Any] | None = self.page.evaluate(RECEIVED, [name, source])
        return entry

    def track(self, name: str, source: str) -> dict[str, Any] | None:
        """A track in the room's state."""
        track: dict[str, Any] | None = self.page.evaluate(
            """([name, source]) => {
              const person = window.__parleyRoom.state.participants.find((p) => p.name === name);
              const track = person?.tracks.find((t) => t.source === source);
              return track ? { id: track.id, muted: track.muted } : null;
            }""",
            [name, source],
        )
        return track

    def waits_for_track(self, name: str, source: str, *, muted: bool) -> None:
        self.page.wait_for_function(
            """([name, source, muted]) => window.__parleyRoom.state.participants.some((p) =>
              p.name === name && p.tracks.some((t) => t.source === source && t.muted === muted))""",
            arg=[name, source, muted],
        )

    def write(self, text: str) -> None:
        box = self.page.get_by_label("Message to everyone")
        if not box.is_visible():
            self.press("Chat")
        box.fill(text)
        box.press("Enter")

    def asks(self, question: str, *options: str) -> None:
        """Begins a poll with two options, as a host."""
        page = self.page
        self.press("Polls")
        page.get_by_role("button", name="New poll").click()
        self.writes_poll(question, *options)
        page.get_by_role("button", name="Ask everybody").click()

    def writes_poll(self, question: str, *options: str) -> None:
        """Fills in the form of a poll with two options."""
        self.page.get_by_label("Question").fill(question)
        for number, option in enumerate(options, start=1):
            self.page.get_by_label(f"Option {number}").fill(option)

    def limits_cameras(self, count: int | None) -> None:
        """Receives so many cameras at the most; None: any number."""
        self.page.evaluate("(count) => { window.__parleyRoom.limitCameras(count); }", count)

    def allow_direct_media(self) -> None:
        """As a host: media goes directly while two are alone."""
        self.press("People")
        self.page.get_by_role("button", name="Host controls").click()
        self.page.get_by_text("Media goes directly while two are alone").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Close").click()

    def leave(self) -> None:
        self.page.get_by_role("button", name=re.compile("^Leave")).first.click()
        item = self.page.get_by_role("menuitem", name="Leave", exact=True)
        ended = self.page.get_by_role("heading", name="You left the meeting")
        item.or_(ended).first.wait_for()
        if item.is_visible():
            item.click()
        expect(ended).to_be_visible()

    def end_for_everyone(self) -> None:
        page = self.page
        options = page.get_by_role("button", name="Leave or end")
        (options if options.is_visible() else page.get_by_role("button", name=re.compile("^Leave")).first).click()
        page.get_by_role("menuitem", name="End for everyone").click()
        page.get_by_role("alertdialog").get_by_role("button", name="End for everyone").click()

    def sees_heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", name=text)).to_be_visible()

    def look_back(self, link: str) -> None:
        """Opens what the one time that people met has left, once all that happened there is known to the meeting."""
        page = self.page
        # What happened in the room becomes facts of the meeting, of which its end is the last.
        page.wait_for_function(
            "async (path) => (await (await fetch(path)).json()).status === 'ended'",
            arg="/v1/meetings/" + link.rsplit("/", 1)[-1],
        )
        page.goto(link.replace("/m/", "/meetings/"))
        page.get_by_role("list", name="Times that people met").get_by_role("link").click()

    def screenshot(self, name: str) -> None:
        self.page.screenshot(path=self._artefacts / f"{name}.png")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"warning", "error"}:
            self._warnings.append(message.text)

    def describe(self) -> str:
        """What the page knows of its room, and what it has complained about; for whoever looks into a failure."""
        try:
            known = self.page.evaluate(ROOM)
        except PlaywrightError as error:
            known = str(error)
        return f"{known} {self._warnings[-10:]}"

    def close(self) -> None:
        self._context.close()
