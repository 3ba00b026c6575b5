"""A meeting that is encrypted from end to end: those with the whole link see each other, nobody else does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.person import RECEIVED, Person

MakePerson = Callable[..., Person]

pytestmark = pytest.mark.timeout(240)

_STATE_OF = """([name, state]) =>
  window.__parleyRoom.state.participants.find((each) => each.name === name)?.encryption === state"""
_CODE = "() => window.__parleyRoom.state.encryption.code"
_KEY_ID = "() => window.__parleyRoom.state.encryption.keyId"


def is_encrypted_with(me: Person, other: Person) -> None:
    me.page.wait_for_function(_STATE_OF, arg=[other.name, "encrypted"])
    me.sees_picture(other.name)
    me.hears(other.name)
    expect(me.tile(other.name).get_by_role("img", name="Encrypted from end to end")).to_be_visible()


def test_those_with_the_whole_link_see_each_other_and_nobody_else_does(person: MakePerson) -> None:
    ada = person("Ada")
    ada.register()
    link = ada.create_meeting("Between us", encrypted=True)
    bare, _, secret = link.partition("#k=")
    assert len(secret) == 43
    ada.join(link)
    ben, cleo = person("Ben"), person("Cleo")
    ben.join(link)
    for me, other in ((ada, ben), (ben, ada)):
        is_encrypted_with(me, other)
    before = {each: each.page.evaluate(_KEY_ID) for each in (ada, ben)}
    cleo.join(link)
    for each, key_id in before.items():
        # The same key, a step further: who comes cannot undo the step.
        each.page.wait_for_function(f"(before) => ({_KEY_ID})() === before + 1", arg=key_id)
    is_encrypted_with(cleo, ada)
    is_encrypted_with(ada, cleo)
    assert len({each.page.evaluate(_CODE) for each in (ada, ben, cleo)}) == 1

    before = {each: each.page.evaluate(_KEY_ID) for each in (ada, ben)}
    cleo.leave()
    for each, key_id in before.items():
        each.page.wait_for_function(f"(before) => ({_KEY_ID})() >> 4 === (before >> 4) + 1", arg=key_id)
    # Frames go on, under the fresh keys.
    for me, other in ((ada, ben), (ben, ada)):
        is_encrypted_with(me, other)

    eve = person("Eve")
    eve.join(bare)
    eve.waits_for_track("Ada", "camera", muted=False)
    eve.page.wait_for_function(
        f"async () => ((await ({RECEIVED})(['Ada', 'camera']))?.packets ?? 0) > 60",
    )
    # Whatever a decoder makes of it is noise, and is not shown.
    eve.sees_no_picture("Ada")
    ada.page.wait_for_function(_STATE_OF, arg=["Eve", "none"])
    expect(ada.tile("Eve").get_by_role("img", name="Not encrypted")).to_be_visible()
    for me, other in ((ada, ben), (ben, ada)):
        is_encrypted_with(me, other)
