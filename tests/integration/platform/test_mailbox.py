"""Invitations on the local platform: from the API to the mailbox, and back by the link that was in the mail."""

from __future__ import annotations

import httpx

from tests.doubles.mailed_invitation import mailed_invitation
from tests.platform_process import Platform


def test_an_invitation_lands_in_the_mailbox_and_its_link_answers(platform: Platform) -> None:
    with mailed_invitation(platform) as invited:
        assert invited.meeting["join_url"] in invited.text
        assert httpx.get(f"{invited.mail}/files/0").text.startswith("BEGIN:VCALENDAR")
        answer = httpx.post(
            f"{platform.url}/v1/meetings/invitations/answer", json={"token": invited.token, "answer": "accepted"}
        )
        assert answer.status_code == 200
        assert invited.answers() == ["accepted"]
