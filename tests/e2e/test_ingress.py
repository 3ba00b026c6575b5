"""Streams that a host brings into a meeting by its menu: what an encoder sends by RTMP, and a film on the web."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import expect

from tests.doubles.film import write_film
from tests.doubles.rtmp_encoder import pushing
from tests.e2e.pages.test_accessibility import violations
from tests.e2e.person import Person
from tests.e2e.test_broadcast import menu, screenshots

pytestmark = pytest.mark.timeout(240)
MakePerson = Callable[..., Person]

BEGUN_MS = 60_000
"""Until an ingester has started on a busy machine."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Where a web server gives a folder's files."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_host_brings_in_an_encoders_stream_and_a_film(person: MakePerson, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_film(film, seconds=6)
    # This server gives no parts of files: a film for it has all that a player has to know at its beginning.
    write_film(tmp_path / "film.webm", seconds=6, picture="libvpx", sound="libopus")
    ada, ben = person("Ada"), person("Ben")
    ada.register()
    link = ada.create_meeting("With a stream")
    for each in (ada, ben):
        each.join(link)
    menu(ada, "Bring in a stream")
    dialog = ada.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Bring in", exact=True).click()
    expect(dialog.get_by_text("Enter a name.")).to_be_visible()
    # What is said of Ben lies over the dialog's corner on a phone.
    expect(ada.page.get_by_text("Ben joined")).to_have_count(0)
    assert violations(ada.page, "the form") == []
    screenshots(ada, "ingress-form")
    dialog.get_by_text("An encoder").click()
    dialog.get_by_label("Name in the meeting").fill("Studio")
    dialog.get_by_role("button", name="Bring in", exact=True).click()
    expect(dialog.get_by_text("Nobody sends")).to_be_visible()
    dialog.get_by_role("button", name="Copy stream key").click()
    key = ada.page.evaluate("navigator.clipboard.readText()")
    dialog.get_by_role("button", name="Copy server address").click()
    address = ada.page.evaluate("navigator.clipboard.readText()")
    assert violations(ada.page, "what is open") == []
    screenshots(ada, "ingress-open")
    with pushing(film, f"{address}/{key}"):
        expect(dialog.get_by_text("In the meeting", exact=True)).to_be_visible(timeout=BEGUN_MS)
        for each in (ada, ben):
            each.sees_picture("Studio")
            each.hears("Studio")
        dialog.get_by_role("button", name="Stop Studio").click()
        expect(ben.tile("Studio")).to_have_count(0)
    with served(tmp_path) as root:
        dialog.get_by_text("A film, a recording").click()
        dialog.get_by_label("Name in the meeting").fill("Trailer")
        dialog.get_by_label("Address", exact=True).fill(f"{root}/film.webm")
        dialog.get_by_role("button", name="Bring in", exact=True).click()
        expect(ben.tile("Trailer")).to_be_visible(timeout=BEGUN_MS)
        expect(ben.tile("Trailer")).to_have_count(0, timeout=BEGUN_MS)
    expect(dialog.get_by_text("Streams", exact=True)).to_have_count(0)
