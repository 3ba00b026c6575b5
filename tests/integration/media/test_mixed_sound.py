"""Who asks for it hears everybody in one stream, and never themselves: what comes out of a node is decoded."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest

from contracts.error_codes import ErrorCode
from contracts.node_rpc import Done, NodeAnswer, Refused
from contracts.rooms import MIXED_SOUND, SoundForm
from contracts.sound_work import SetSound
from media_fleet.domain import sound_mixing
from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, TIMEOUT, Client
from tests.integration.media.one_codec_client import PATIENT
from tests.integration.media.page_client import Join

ALICE, BOB = 440.0, 1_000.0
NewClient = Callable[[str], Client]


@pytest.fixture
def node_environ(node_environ: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    return {**node_environ, **PATIENT, **getattr(request, "param", {})}


@pytest.fixture
async def new_client(node: RunningNode, gateway: Any) -> AsyncIterator[NewClient]:
    async with AsyncExitStack() as stack:

        def make(name: str) -> Client:
            client = Client(gateway, name)
            stack.push_async_callback(client.close)
            return client

        yield make


class Room:
    """Two who speak in tones, and one who listens."""

    def __init__(self, gateway: Any, alice: Client, bob: Client, carol: Client) -> None:
        self._gateway = gateway
        self.alice, self.bob, self.carol = alice, bob, carol

    async def choose(self, client: Client, form: SoundForm) -> NodeAnswer:
        request = SetSound(meeting_id=MEETING, participant_id=client.id, form=form)
        answer: NodeAnswer = await self._gateway.request(request)
        return answer

    async def comes(self, client: Client, form: SoundForm) -> None:
        """Until sound comes so."""
        told = await asyncio.wait_for(self._gateway.sounds[client.id].get(), TIMEOUT)
        assert told.form is form

    async def listens(self, client: Client, form: SoundForm) -> None:
        assert await self.choose(client, form) == Done()
        await self.comes(client, form)


@pytest.fixture
async def room(new_client: NewClient, gateway: Any) -> Room:
    alice, bob, carol = new_client("alice"), new_client("bob"), new_client("carol")
    await asyncio.gather(alice.join(), bob.join(), carol.join())
    await asyncio.gather(alice.publish(Tone(frequency=ALICE)), bob.publish(Tone(frequency=BOB)))
    await carol.wait_for_tracks("alice-audio", "bob-audio")
    return Room(gateway, alice, bob, carol)


async def heard(client: Client, track_id: str = MIXED_SOUND) -> dict[float, float]:
    """How strong each tone is in half a second of what comes now, of 1 at full scale: in most pieces of 20 ms, since a
    machine that is busy has a voice begin anew now and then."""
    frames = await client.frames(track_id, 50)
    channels = len(frames[0].layout.channels)
    sound = np.stack([frame.to_ndarray().reshape(-1, channels)[:, 0] for frame in frames[25:]]) / 32_768
    places = np.arange(sound.shape[1]) / frames[0].sample_rate
    waves = {tone: np.exp(-2j * np.pi * tone * places) for tone in (ALICE, BOB)}
    return {tone: float(np.median(2 * np.abs((sound * wave).mean(axis=1)))) for tone, wave in waves.items()}


async def test_listeners_hear_all_in_one_stream_and_speakers_all_but_themselves(room: Room, node: RunningNode) -> None:
    await asyncio.gather(*(room.listens(each, SoundForm.MIXED) for each in (room.carol, room.alice)))
    of_carol, of_alice = await asyncio.gather(heard(room.carol), heard(room.alice))
    assert min(of_carol.values()) > 0.05
    assert of_alice[BOB] > 0.05
    assert of_alice[ALICE] < 0.015
    assert len(node.node.workers.mixers.processes) == 1, "they share it"
    flowing = [
        each.effect
        for each in node.plane.held.by_subscription.values()
        if each.key.transport.participant_id == room.carol.id and not each.effect.share.paused
    ]
    assert [each.subscription.track.track_id for each in flowing] == [MIXED_SOUND]


async def test_separate_sound_is_back_at_once_and_a_mixer_ends_when_nobody_listens(
    room: Room, node: RunningNode, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_mixing, "LINGER_S", 0.0)
    await room.listens(room.carol, SoundForm.MIXED)
    await heard(room.carol)
    [process] = node.node.workers.mixers.processes
    await room.listens(room.carol, SoundForm.SEPARATE)
    of_alice, of_bob = await asyncio.gather(heard(room.carol, "alice-audio"), heard(room.carol, "bob-audio"))
    assert (of_alice[ALICE] > 0.05, of_alice[BOB] < 0.015) == (True, True)
    assert of_bob[BOB] > 0.05
    await eventually(lambda: node.node.workers.mixers.processes == [])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    await room.listens(room.bob, SoundForm.MIXED)
    of_bob = await heard(room.bob)
    assert (of_bob[ALICE] > 0.05, of_bob[BOB] < 0.015) == (True, True), "another one begins for who asks next"


async def test_while_a_mixer_that_is_killed_is_replaced_sound_comes_separately(room: Room, node: RunningNode) -> None:
    await room.listens(room.carol, SoundForm.MIXED)
    await heard(room.carol)
    offer, [process] = room.carol.last_offer, node.node.workers.mixers.processes
    os.kill(process, signal.SIGKILL)
    await room.comes(room.carol, SoundForm.SEPARATE)
    await room.carol.frames("alice-audio", 5)
    await room.comes(room.carol, SoundForm.MIXED)
    await room.carol.frames(MIXED_SOUND, 10)
    assert min((await heard(room.carol)).values()) > 0.05
    assert room.carol.last_offer is offer, "nothing is negotiated"


@pytest.mark.parametrize("node_environ", [{"PARLEY_NODE_MAX_MIXERS": "0"}], indirect=True)
async def test_where_there_is_no_place_it_is_refused_and_sound_goes_on_separately(room: Room) -> None:
    refused = await room.choose(room.carol, SoundForm.MIXED)
    assert isinstance(refused, Refused)
    assert refused.error.code == ErrorCode.MIXED_SOUND_UNAVAILABLE
    await room.carol.frames("alice-audio", 5)


async def test_a_browser_goes_from_one_form_to_the_other_and_back_on_the_lines_that_it_has(
    new_client: NewClient, join: Join, gateway: Any, eventually: Any
) -> None:
    alice, bob = new_client("alice"), await join("bob")
    await alice.join()
    await alice.publish(Tone(frequency=ALICE))

    async def energy(track_id: str) -> float:
        stats = await bob.received(track_id)
        return 0.0 if stats is None else stats["energy"]

    async def sounds(track_id: str) -> None:
        before = await energy(track_id)

        async def louder() -> bool:
            return await energy(track_id) > before + 0.001

        await eventually(louder, timeout_s=TIMEOUT)

    await sounds("alice-audio")
    for form, track_id in ((SoundForm.MIXED, MIXED_SOUND), (SoundForm.SEPARATE, "alice-audio")) * 2:
        await gateway.ask(SetSound(meeting_id=MEETING, participant_id=bob.id, form=form), Done)
        told = await asyncio.wait_for(gateway.sounds[bob.id].get(), TIMEOUT)
        assert told.form is form
        await sounds(track_id)
    assert await bob.run("client.sub.getTransceivers().length") == 2, "the mix has had one line all the time"
