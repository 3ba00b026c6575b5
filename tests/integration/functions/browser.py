"""A browser between the authentication service and OpenID providers: follows redirects, keeps cookies, fills forms."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests.integration.functions.lambda_events import Client, HttpAnswer

AUTHORIZE = "/v1/auth/providers/op/authorize"


@dataclass
class Browser:
    """Cookies of the platform; those of a provider belong to one visit there."""

    auth: Client
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, url: str, **headers: str) -> HttpAnswer:
        return self.took(self.auth.request("GET", url, headers=self._sent() | headers))

    def post(self, url: str, body: Mapping[str, object], *, token: str | None = None) -> HttpAnswer:
        return self.took(self.auth.request("POST", url, dict(body), token=token, headers=self._sent()))

    def took(self, answer: HttpAnswer) -> HttpAnswer:
        """Keeps the cookie of an answer."""
        if "set-cookie" in answer.headers:
            name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def _sent(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}


def log_in_at_provider(url: str, login: str, *, cancel: bool = False) -> str:
    """Goes through the pages of a real provider, from its authorization endpoint to where it sends the browser back."""
    with httpx.Client(follow_redirects=False, timeout=20) as http:
        answer = http.get(url)
        while True:
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if urlsplit(target).hostname != "127.0.0.1":
                    return target
                answer = http.get(target)
                continue
            assert answer.status_code == 200, answer.text
            if cancel:
                answer = http.get(urljoin(str(answer.url), _found(r'href="([^"]*abort)"', answer.text)))
                continue
            action = _found(r'<form[^>]*action="([^"]+)"', answer.text)
            prompt = _found(r'name="prompt" value="(\w+)"', answer.text)
            form = {"prompt": prompt} | ({"login": login, "password": "any"} if prompt == "login" else {})
            answer = http.post(urljoin(str(answer.url), action), data=form)


def come_back(browser: Browser, login: str, authorize: str = AUTHORIZE) -> HttpAnswer:
    """Goes to the provider, logs in there, and comes back; what the service answers then."""
    away = browser.get(authorize)
    assert away.status == 302, away.text
    return browser.get(path_of_url(log_in_at_provider(away.headers["location"], login)))


def session_of(browser: Browser) -> dict[str, Any]:
    """What the page gets with the cookie that the login has left."""
    session: dict[str, Any] = browser.post("/v1/auth/refresh", {}).json()
    return session


def an_address(name: str = "ada") -> str:
    return f"{name}-{uuid.uuid4().hex[:12]}@example.org"


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def path_of_url(url: str) -> str:
    """Path and query: what the platform's own client asks for."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]
