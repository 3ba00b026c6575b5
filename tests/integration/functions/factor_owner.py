"""Somebody with second factors: an authenticator app, recovery codes and passkeys, over the API of one instance."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from typing import Any

from auth_service.domain.totp import STEP_S, code_at

from tests.doubles.soft_authenticator import SoftAuthenticator
from tests.integration.functions.lambda_events import Client, HttpAnswer

PAGE = "http://localhost"
"""The origin of the page: a host name, on one's own machine, may have passkeys."""


@dataclass
class FactorOwner:
    """``token``: of the session at hand."""

    client: Client
    id: str
    email: str
    password: str
    token: str
    secret: bytes = b""
    codes: list[str] = field(default_factory=list)
    step: int = 0

    def post(self, path: str, body: Any = None, **more: Any) -> HttpAnswer:
        return self.client.request("POST", f"/v1/auth/{path}", body, token=self.token, **more)

    def delete(self, path: str) -> HttpAnswer:
        return self.client.request("DELETE", f"/v1/auth/{path}", token=self.token)

    def factors(self) -> Any:
        return self.client.request("GET", "/v1/auth/factors", token=self.token).json()

    # ---- an authenticator app ----

    def enrol(self) -> list[str] | None:
        """Sets an app up, with a code of the step before: those of now are left for the test."""
        confirmed = self.confirm(self.post("factors/totp").json()["secret"])
        assert confirmed.status == 200, confirmed.text
        codes: list[str] | None = confirmed.json()["recovery_codes"]
        self.codes = codes or self.codes
        return codes

    def confirm(self, secret: str) -> HttpAnswer:
        """Has an app with this secret show its first code."""
        self.secret = base64.b32decode(secret)
        self.step = int(time.time()) // STEP_S - 1
        return self.post("factors/totp/confirm", {"code": code_at(self.secret, self.step)})

    def code(self) -> str:
        """The next code that has not been used: of this step or of the next one. For two uses at the most."""
        self.step += 1
        return code_at(self.secret, self.step)

    # ---- passkeys ----

    def register(self, authenticator: SoftAuthenticator, name: str = "Key", **lies: Any) -> HttpAnswer:
        begun = self.post("passkeys/registration-options")
        assert begun.status == 200, begun.text
        made = authenticator.create(begun.json()["publicKey"], lies.pop("origin", PAGE), **lies)
        return self.post("passkeys", {"ceremony": begun.json()["ceremony"], "credential": made, "name": name})

    # ---- logins ----

    def begin_login(self, password: str | None = None, **more: Any) -> HttpAnswer:
        body = {"email": self.email, "password": password or self.password}
        return self.client.request("POST", "/v1/auth/login", body, **more)

    def login_token(self) -> str:
        answer = self.begin_login()
        assert answer.status == 202, answer.text
        return str(answer.json()["login_token"])

    def finish_login(self, login_token: str, code: str, method: str = "totp", **more: Any) -> HttpAnswer:
        body = {"login_token": login_token, "method": method, "code": code}
        return self.client.request("POST", "/v1/auth/login/second-factor", body, **more)

    def finish_with_passkey(self, login_token: str, authenticator: SoftAuthenticator, **lies: Any) -> HttpAnswer:
        asked = {"login_token": login_token}
        options = self.client.request("POST", "/v1/auth/login/second-factor/passkey-options", asked)
        assert options.status == 200, options.text
        credential = authenticator.get(options.json()["publicKey"], lies.pop("origin", PAGE), **lies)
        body = {"login_token": login_token, "method": "passkey", "credential": credential}
        return self.client.request("POST", "/v1/auth/login/second-factor", body)

    def is_shut_out(self) -> bool:
        """Whether what is dangerous is refused to the session at hand."""
        answer = self.client.request("GET", "/v1/auth/me/export", token=self.token)
        assert answer.status in (200, 403), answer.text
        return answer.status == 403


def passkey_login(client: Client, authenticator: SoftAuthenticator, **lies: Any) -> HttpAnswer:
    begun = client.request("POST", "/v1/auth/passkeys/login-options").json()
    credential = authenticator.get(begun["publicKey"], lies.pop("origin", PAGE), **lies)
    body = {"ceremony": lies.pop("ceremony", begun["ceremony"]), "credential": credential}
    return client.request("POST", "/v1/auth/passkeys/login", body)
