"""A media node ends while people talk over it: they go on over another one.

If it was told to stop they notice nothing; if it was killed, the picture stands still for some seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from contracts import redis_names
from contracts.node_rpc import NodeLease, lease_decoder
from contracts.rooms import NodeId
from tests.e2e.person import PATIENCE_MS, Person
from tests.platform_process import Platform, environ_of, free_media_port

MakePerson = Callable[..., Person]
Tell = Callable[[str, object], None]

pytestmark = pytest.mark.timeout(180)

NEAR = NodeId("node-near")
LONGEST_FREEZE_MS, LONGEST_SILENCE_MS = 2_500, 300
"""What a person may see and hear of a move, on a machine with two cores that runs three browsers' encoders besides. Ten
pictures a second come."""

BACK_WITHIN_MS = 5_000
"""After a node's death. Most of it is the time after which its silence is taken for that."""

_LISTEN = Path(__file__).with_name("listening.js").read_text()
_WATCH = """(tile) => {
  window.__frames = [];
  let watched = null;
  const note = (video) => (now) => {
    window.__frames.push(now);
    video.requestVideoFrameCallback(note(video));
  };
  const look = () => {
    const video = tile.querySelector("video");
    if (video !== null && video !== watched) video.requestVideoFrameCallback(note(video));
    watched = video;
    requestAnimationFrame(look);
  };
  look();
  window.__listening.start();
}"""
_NOTICED = """() => ({
  freeze: Math.max(...window.__frames.slice(1).map((at, index) => at - window.__frames[index])),
  silence: window.__listening.longestSilence,
  pictures: window.__frames.length,
})"""
_MOVES_AGAIN = """() => {
  const stood = window.__frames.findIndex((at, index) => window.__frames[index + 1] - at > 1_000);
  return stood >= 0 && window.__frames.length > stood + 10 ? window.__frames[stood + 1] - window.__frames[stood] : 0;
}"""
"""For how many milliseconds the picture stood still, once it goes on; zero before."""


@pytest.fixture
def near_node(platform: Platform) -> Iterator[subprocess.Popen[bytes]]:
    """A second node of the platform, nearer to its gateway than the other one."""
    environ = environ_of(platform.process_of("media_fleet.main"))
    port = str(free_media_port())
    settings = {
        "PARLEY_NODE_ID": NEAR,
        "PARLEY_NODE_REGION": "local",
        "PARLEY_NODE_UDP_PORT": port,
        "PARLEY_NODE_TCP_PORT": port,
        "PARLEY_NODE_METRICS_PORT": "0",
        "PARLEY_NODE_RTMP_PORT": "0",
        "PARLEY_NODE_DRAIN_TIMEOUT_S": "60",
    }
    log = (platform.data / "logs" / "node-near.log").open("wb")
    node = subprocess.Popen(
        [sys.executable, "-m", "media_fleet.main"], env={**os.environ, **environ, **settings}, stderr=log, stdout=log
    )
    with log:
        yield node
        node.kill()
        node.wait()


def lease_of(platform: Platform) -> NodeLease | None:
    own = environ_of(platform.process_of("media_fleet.main"))
    with redis.Redis.from_url(own["PARLEY_NODE_REDIS_URL"]) as client:
        value: Any = client.get(redis_names.node_lease(NEAR))
    return None if value is None else lease_decoder.decode(value)


def eventually(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_MS / 1000
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.1)


def talking(person: MakePerson, platform: Platform) -> tuple[Person, Person]:
    """Two who see and hear each other over the near node. What their pages show and play is noted from now on."""
    ada, ben = person("Ada"), person("Ben")
    for each in (ada, ben):
        each.page.add_init_script(_LISTEN)
    ada.register()
    link = ada.create_meeting("Nothing happens")
    eventually(lambda: lease_of(platform) is not None)
    for each in (ada, ben):
        each.join(link)
    _see_and_hear(ada, ben)
    eventually(lambda: (lease := lease_of(platform)) is not None and lease.participants == 2)
    for me, other in ((ada, ben), (ben, ada)):
        me.tile(other.name).evaluate(_WATCH)
        # A gap is one between two pictures: what comes after it is not known for a gap if nothing came before.
        me.page.wait_for_function("() => window.__frames.length > 0", timeout=PATIENCE_MS)
    return ada, ben


def _see_and_hear(one: Person, another: Person) -> None:
    for me, other in ((one, another), (another, one)):
        me.sees_picture(other.name)
        me.hears(other.name)


def test_nobody_notices_that_their_media_node_is_stopped(
    person: MakePerson, platform: Platform, near_node: subprocess.Popen[bytes], record_testsuite_property: Tell
) -> None:
    both = talking(person, platform)
    near_node.send_signal(signal.SIGTERM)
    assert near_node.wait(timeout=60) == 0
    for me in both:
        before = me.page.evaluate(_NOTICED)["pictures"]
        me.page.wait_for_function("(before) => window.__frames.length > before + 20", arg=before)
        noticed = me.page.evaluate(_NOTICED)
        for what in ("freeze", "silence"):
            record_testsuite_property(f"ms of {what} that {me.name} had as their node drained", round(noticed[what]))
        assert noticed["freeze"] < LONGEST_FREEZE_MS
        assert noticed["silence"] < LONGEST_SILENCE_MS
    _see_and_hear(*both)


def test_after_their_media_node_was_killed_people_see_each_other_over_another_one(
    person: MakePerson, platform: Platform, near_node: subprocess.Popen[bytes], record_testsuite_property: Tell
) -> None:
    both = talking(person, platform)
    near_node.kill()
    near_node.wait()
    for me in both:
        took_ms = me.page.wait_for_function(_MOVES_AGAIN, timeout=PATIENCE_MS).json_value()
        assert took_ms < BACK_WITHIN_MS
        record_testsuite_property(f"ms until {me.name} saw a picture through another node", round(took_ms))
    _see_and_hear(*both)
    eventually(lambda: lease_of(platform) is None)
