"""Shared notes over real sockets and two gateways: several write at once, and all read the same."""

from __future__ import annotations

import asyncio
from typing import Any

from contracts.rooms import Role
from contracts.text_changes import changed
from signaling_gateway.domain.notes import EditNotes
from tests.doubles.signaling_client import Client

Platform = Any


def notes_of(client: Client) -> str:
    """The text as a client has it that applies what it is told, in order."""
    told: dict[str, Any] = client.welcome["room"]["notes"]
    text, revision = told["text"], told["revision"]
    for event in client.events:
        if event["type"] == "notes_edited":
            assert event["revision"] == revision + 1
            text, revision = changed(text, tuple(event["change"])), event["revision"]
    return str(text)


async def test_what_two_write_at_once_on_two_gateways_is_the_same_for_all(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    edits = [
        client.ask("edit_notes", {"edit_id": f"e{number}", "revision": 0, "change": [f"{name}{number} "]})
        for number in range(8)
        for client, name in ((ada, "ada"), (bob, "b\U0001f600b"))
    ]
    assert await asyncio.gather(*edits) == [{}] * len(edits)
    late = await platform.join(two, "u_eve")
    for client in (ada, bob):
        await client.happened("notes_edited", len(edits))
    assert notes_of(ada) == notes_of(bob) == notes_of(late)
    written = notes_of(ada).split()
    assert sorted(written) == sorted(f"{name}{number}" for number in range(8) for name in ("ada", "b\U0001f600b"))
    assert late.welcome["room"]["notes"] == {"text": notes_of(ada), "revision": len(edits), "my_edit": None}


async def test_whoever_comes_back_is_told_which_of_their_edits_stands(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    await ada.ask("edit_notes", {"edit_id": "mine", "revision": 0, "change": ["Agenda"]})
    await bob.happened("notes_edited")
    await ada.vanish()
    await bob.ask("edit_notes", {"edit_id": "his", "revision": 1, "change": [6, "!"]})
    back = await platform.join(two, "u_ada", resume=ada.resume)
    assert back.welcome["room"]["notes"] == {"text": "Agenda!", "revision": 2, "my_edit": "mine"}
    assert await back.ask("edit_notes", {"edit_id": "mine", "revision": 0, "change": ["Agenda"]}) == {}
    assert await back.ask("edit_notes", {"edit_id": "next", "revision": 2, "change": [-7]}) == {}
    assert (await bob.happened("notes_edited", 3))["edit_id"] == "next"
    assert notes_of(bob) == "", "what stood already was not made again"


async def test_a_host_locks_the_notes_for_all_and_takes_them_from_a_role_but_for_one(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    writing = host.welcome["room"]["participants"][0]["permissions"]
    write = {"edit_id": "e", "revision": 0, "change": ["x"]}
    await host.ask("set_policy", {"notes": False})
    assert (await ada.happened("policy_changed"))["policy"]["notes"] is False
    assert await ada.code("edit_notes", write) == "permission_denied"
    await host.ask("set_policy", {"notes": True})
    reading = {**writing, "notes": False}
    await host.ask("set_role_permissions", {"role": "participant", "permissions": reading})
    assert (await ada.happened("permissions_changed"))["permissions"]["notes"] is False
    assert await ada.code("edit_notes", write) == "permission_denied"
    await host.ask("set_permissions", {"participant_id": ada.id, "permissions": writing})
    await ada.happened("permissions_changed", 2)
    assert await ada.ask("edit_notes", write) == {}
    assert (await host.happened("notes_edited"))["participant_id"] == ada.id


async def test_edits_that_come_too_fast_or_fit_nothing_are_refused(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    for body, code in (
        ({"edit_id": "e", "revision": 7, "change": ["x"]}, "notes_outdated"),
        ({"edit_id": "e", "revision": 0, "change": [5, "x"]}, "validation_failed"),
        ({"edit_id": "e", "revision": 0, "change": [True]}, "validation_failed"),
        ({"edit_id": "e", "revision": 0, "change": ["x" * 4_001]}, "validation_failed"),
        ({"edit_id": "e", "revision": 0, "change": [1, -1] * 17}, "validation_failed"),
    ):
        assert await ada.code("edit_notes", body) == code
    flood = [ada.ask("edit_notes", {"edit_id": f"e{n}", "revision": 0, "change": ["x"]}) for n in range(40)]
    answers = await asyncio.gather(*flood)
    assert {answer["error"]["code"] for answer in answers if "error" in answer} == {"rate_limited"}


async def test_much_text_at_once_is_refused_until_there_is_room_for_it_again(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    page = {"edit_id": "e", "revision": 0, "change": ["x" * 4_000]}
    answers = await asyncio.gather(*(ada.ask("edit_notes", {**page, "edit_id": f"e{n}"}) for n in range(6)))
    refused = [answer["error"]["code"] for answer in answers if "error" in answer]
    assert refused[-1:] == ["rate_limited"]
    assert len(notes_of(ada)) == 4_000 * (len(answers) - len(refused)) >= 16_000
    assert await ada.ask("send_chat", {"text": "Too long?"})


async def test_who_has_missed_many_bytes_is_given_the_room_as_it_is(platform: Platform) -> None:
    """However few entries they are: a client that comes back would be cut off for what it has not read yet."""
    gateway = await platform.gateway()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    await ada.vanish()
    await bob.happened("participant_disconnected")
    room = gateway.gateway.rooms.get(platform.meeting_id)
    before = room.state.version
    for number in range(40):
        edit = EditNotes(
            participant_id=bob.id,
            edit_id=f"{number}",
            revision=number,
            change=(-4_000 if number else "", "\U0001f600" * 4_000),
        )
        await room.execute(edit)
    assert await room.since(before) is None
    later = await room.since(room.state.version - 10)
    assert later is not None
    assert len(later) == 10
    back = await platform.join(gateway, "u_ada", resume=ada.resume)
    assert back.welcome["missed"] is None
    assert back.welcome["room"]["notes"]["text"] == "\U0001f600" * 4_000
