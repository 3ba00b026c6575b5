"""One story in which every function of both services does all that its role is for."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from contracts.leaving import LeaveReason
from contracts.log_events import MeetingEnded
from contracts.rooms import ParticipantId
from tests.doubles.webhook_receiver import receiving
from tests.integration.functions.account_desk import PASSWORD, Person
from tests.integration.functions.aws_installation import Installation, run_schedule
from tests.integration.functions.meeting_hosts import Host, came_in, in_utc, tell
from tests.integration.functions.recording_studio import DAY_MS, Studio, now_ms
from tests.unit.meetings_service.room_history import START, left, said

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Story:
    """Ada and others use the platform, and its schedules run; each part by itself makes functions do what they do."""

    def __init__(self, installed: Installation, bucket: str, s3: S3Client, patch: pytest.MonkeyPatch) -> None:
        self.all, self.bucket, self.s3, self.patch = installed, bucket, s3, patch
        self.auth, self.auth_functions = installed.auth, installed.auth_functions
        self.meetings, self.functions = installed.meetings, installed.meeting_functions

    def happen(self) -> None:
        ada, bob = self.account("Ada"), self.account("Bob")
        self.sessions_come_and_go(ada)
        self.a_second_factor(ada)
        root = self.administrator()
        self.service_accounts(root)
        self.jobs_wait_for_their_schedule(root)
        with receiving() as receiver, receiving() as gone:
            gone.status = 410
            self.webhooks(root, receiver.url, gone.url)
            self.meetings_are_held(ada, bob)
            self.recordings_are_made(ada, bob)
            self.streams(ada)
            self.reminders(ada, bob)
            self.deliveries_wait_for_their_schedule(ada)
            self.changes_are_cut_off(ada)
            self.accounts_change(ada, bob, root)
        self.histories_are_forgotten(root)
        self.keys_are_rotated()

    # ---- of the authentication service ----

    def post(self, path: str, body: Any = None, token: str | None = None, *, expect: int | None = None) -> Any:
        return self.ask("POST", path, body, token, expect=expect)

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None, *, expect: int | None = None
    ) -> Any:
        answer = self.auth.request(method, f"/v1/auth/{path}", body, token=token)
        assert answer.status == expect if expect else answer.status < 300, (path, answer.text)
        return json.loads(answer.text) if answer.text else None

    def account(self, name: str) -> Person:
        """Somebody who has registered by mail."""
        address = f"{name.lower()}.{uuid.uuid4().hex}@example.org"
        self.post("register", {"email": address, "password": PASSWORD, "display_name": name})
        told = self.post("register/confirm", {"token": self.all.link_in(address), "password": PASSWORD})
        return Person(told["user"]["id"], address, name, told["access_token"], told["refresh_token"])

    def log_in(self, who: Person) -> Person:
        told = self.post("login", {"email": who.email, "password": PASSWORD})
        return Person(who.id, who.email, who.name, told["access_token"], told["refresh_token"])

    def sessions_come_and_go(self, ada: Person) -> None:
        self.ask("GET", "providers")
        self.post("login", {"email": ada.email, "password": "a wrong password"}, expect=401)
        again = self.log_in(ada)
        self.post("refresh", {"refresh_token": again.refresh_token})
        self.ask("GET", "sessions", token=again.token)
        self.ask("PATCH", "me", {"display_name": "Ada"}, again.token)
        self.post("me/email", {"email": f"new.{ada.email}"}, again.token)
        self.post("password/forgotten", {"email": ada.email})
        self.post("logout", {"refresh_token": again.refresh_token})

    def a_second_factor(self, ada: Person) -> None:
        self.post("factors/totp", {}, token=self.log_in(ada).token)

    def administrator(self) -> Person:
        root = self.account("Root")
        self.auth_functions.module.appoint_administrator({"email": root.email}, None)
        return self.log_in(root)

    def service_accounts(self, root: Person) -> None:
        made = self.post("service-accounts", {"name": "Bot", "permissions": ["meetings:read"]}, root.token)
        self.post(f"service-accounts/{made['id']}/keys", {}, root.token)
        self.ask("DELETE", f"service-accounts/{made['id']}", token=root.token)
        self.ask("GET", "audit", token=root.token)

    def jobs_wait_for_their_schedule(self, root: Person) -> None:
        eve = self.account("Eve")
        made = self.post("service-accounts", {"name": "Late", "permissions": ["meetings:read"]}, root.token)
        self.post(f"service-accounts/{made['id']}/keys", {}, root.token)
        with self.all.functions_away():
            self.post("password/forgotten", {"email": eve.email})
            self.ask("DELETE", f"service-accounts/{made['id']}", token=root.token)
        run_schedule(self.auth_functions, "do_waiting_jobs")
        self.post("me/delete", {"password": PASSWORD}, eve.token)
        mallory = self.account("Mallory")
        with self.all.functions_away():
            self.post("me/delete", {"password": PASSWORD}, mallory.token)
        self.patch.setattr(
            self.auth_functions.module.worker, "_clock", lambda: time.time() + 90
        )  # who claimed them is gone
        run_schedule(self.auth_functions, "do_waiting_jobs")

    def keys_are_rotated(self) -> None:
        for functions in (self.auth_functions, self.functions):
            self.patch.setattr(functions.module.signing_keys, "_clock", lambda: time.time() + 365 * 86_400)
            run_schedule(functions, "rotate_signing_keys")

    # ---- of the meeting service ----

    def host(self, who: Person) -> Host:
        return Host(self.meetings, who)

    def webhooks(self, root: Person, url: str, gone: str) -> None:
        """Of the organisation's: one is told of what everybody does, and of what becomes of the other."""
        told = ["meeting.created", "meeting.cancelled", "meeting.started", "participant.joined", "recording.ready"]
        for address, events in ((url, [*told, "webhook.disabled"]), (gone, ["participant.joined"])):
            body = {"url": address, "events": events, "meetings": "all"}
            made = self.host(root).ask("POST", "/webhooks", body)
            assert made.status == 201, made.text

    def meetings_are_held(self, ada: Person, bob: Person) -> None:
        host, guest = self.host(ada), self.host(bob)
        meeting = host.make(schedule=in_utc(60))
        assert host.ask("POST", f"/{meeting['id']}/invitees", {"address": bob.email}).status < 300
        assert host.ask("PATCH", f"/{meeting['id']}", {"title": "Daily"}).status == 200
        assert host.join(meeting).status == 200
        sent_away = msgspec.structs.replace(left(1, START + 6, LeaveReason.REMOVED), by=ParticipantId("p_1"))
        tell(self.functions, meeting["id"], came_in(host), came_in(guest), said(1, START + 5), sent_away)
        for path in ("", f"/{meeting['id']}/sessions/1/chat", "?list=past"):
            assert host.ask("GET", path).status == 200
        tell(self.functions, meeting["id"], MeetingEnded(at=START + 9, by=None), first=9)
        assert host.ask("DELETE", f"/{host.make()['id']}").status == 204

    def recordings_are_made(self, ada: Person, bob: Person) -> None:
        studio = Studio(self.meetings, self.s3, self.bucket, lambda _: ada)
        tell(self.functions, studio.meeting["id"], came_in(studio.host))
        first, second, third = (studio.made() for _ in range(3))
        [file, *_] = studio.host.ask("GET", f"/recordings/{first}").json()["files"]
        assert studio.host.ask("POST", f"/recordings/{first}/files/{file['id']}/download").status == 200
        assert studio.host.ask("POST", f"/recordings/{first}/shares", {"user_id": bob.id, "name": "Bob"}).status == 200
        assert studio.host.ask("DELETE", f"/recordings/{first}").status == 204
        for after_ms, kept in ((0, None), (3_600_000, None), (40 * DAY_MS, 30)):
            module, at = self.functions.module, (now_ms() + after_ms) / 1000
            with pytest.MonkeyPatch.context() as patch:
                for part in (module.recordings, module.recordings_upkeep):
                    patch.setattr(part, "_clock", lambda at=at: at)
                patch.setattr(module.recordings_upkeep, "_kept_days", lambda kept=kept: kept)
                run_schedule(self.functions, "look_after_recordings")
        assert [studio.keys(each) for each in (first, second, third)] == [[], [], []]

    def streams(self, ada: Person) -> None:
        host = self.host(ada)
        meeting = host.make()["id"]
        made = host.ask("POST", f"/{meeting}/stream-keys", {"name": "Hall"})
        assert made.status == 201
        opened = self.functions.module.stream_keys({"key": made.json()["key"]}, None)
        assert opened["type"] == "opens"
        assert host.ask("DELETE", f"/{meeting}/stream-keys/{made.json()['id']}").status == 204

    def reminders(self, ada: Person, bob: Person) -> None:
        module, host = self.functions.module, self.host(ada)
        for minutes in (120, 180):
            made = host.make("Reminded", schedule=in_utc(minutes), settings={"reminders": [10]})
            assert host.ask("POST", f"/{made['id']}/invitees", {"address": bob.email}).status < 300
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module.reminding, "_clock", lambda: time.time() + 111 * 60)
            run_schedule(self.functions, "remind")
            patch.setattr(module.reminding, "_clock", lambda: time.time() + 171 * 60)
            with self.all.functions_away():
                run_schedule(self.functions, "remind")
                assert host.ask("POST", f"/{made['id']}/invitees", {"address": "late@example.org"}).status < 300
        assert list(module.jobs.waiting())
        run_schedule(self.functions, "do_waiting_jobs")

    def deliveries_wait_for_their_schedule(self, ada: Person) -> None:
        with self.all.functions_away():
            self.host(ada).make("Told later")
        with pytest.MonkeyPatch.context() as patch:
            for part in (self.functions.module.postman, self.functions.module.outbox):
                patch.setattr(part, "_clock", lambda: time.time() + 3_600)
            run_schedule(self.functions, "deliver_waiting")

    def changes_are_cut_off(self, ada: Person) -> None:
        """What follows them is done by the schedule: a room is renewed, a meeting is told of."""
        host, module = self.host(ada), self.functions.module
        room = host.ask("PUT", "/personal", {}).json()
        poll = {"question": "Lunch?", "options": ["yes", "no"]}
        assert host.ask("POST", f"/{room['id']}/prepared/polls", poll).status == 201
        meeting = host.make(schedule=in_utc(60))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.meetings.module.follow_ups, "keep", lambda _promised: None)
            renewed = host.ask("POST", "/personal/renew")
            assert renewed.status == 200
            assert host.ask("POST", f"/{meeting['id']}/cancel").status == 200
        assert list(module.jobs.waiting())
        run_schedule(self.functions, "do_waiting_jobs")
        assert len(host.ask("GET", f"/{renewed.json()['id']}/prepared/polls").json()["items"]) == 1

    def accounts_change(self, ada: Person, bob: Person, root: Person) -> None:
        host = self.host(ada)
        meeting = host.make(schedule=in_utc(60))
        for invited in ({"user_id": bob.id, "address": bob.email}, {"address": "carol@example.org"}):
            assert host.ask("POST", f"/{meeting['id']}/invitees", invited).status < 300
        self.ask("PATCH", "me", {"display_name": "Ada L."}, self.log_in(ada).token)
        self.post(f"users/{bob.id}/suspend", token=self.log_in(root).token)
        for gone in (bob, ada):
            self.ask("DELETE", f"users/{gone.id}", token=self.log_in(root).token)

    def histories_are_forgotten(self, root: Person) -> None:
        host = self.host(self.log_in(root))
        assert host.ask("PUT", "/organisation", {"defaults": {}, "history_days": 30}).status == 200
        meeting = host.make()
        tell(self.functions, meeting["id"], came_in(host, 1_000), said(1, 1_500), MeetingEnded(at=2_000, by=None))
        run_schedule(self.functions, "forget_histories")
