"""What a provider of OpenID Connect may send us that is false, forged, endless or late."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from auth_service.adapters.bounded_http import MAX_BYTES, BoundedHttp
from auth_service.adapters.oidc_client import REFETCH_S, OidcClient
from auth_service.domain.providers import OidcProvider
from auth_service.errors import AuthError, IdentityUnprovenError, ProviderUnavailableError
from joserfc.jwk import RSAKey

from tests.doubles.hostile_openid_provider import (
    CLIENT_ID,
    HostileProvider,
    Reply,
    elliptic_key,
    hostile_provider,
    reply,
)
from tests.integration.functions.browser import Browser, query_of
from tests.integration.functions.lambda_events import Client

NONCE = "the nonce of this attempt"
HOUR = 3600


@pytest.fixture(scope="module")
def running() -> Iterator[HostileProvider]:
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def hostile(running: HostileProvider) -> HostileProvider:
    """The same server for all tests, as it was at the start."""
    running.__post_init__()
    running.on.clear()
    running.asked.clear()
    running.forms.clear()
    return running


class Clock:
    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(hostile: HostileProvider, clock: Clock) -> OidcClient:
    return client_of(hostile, clock)


def client_of(hostile: HostileProvider, clock: Callable[[], float], **changes: Any) -> OidcClient:
    provider = OidcProvider(id="op", name="O", issuer=hostile.issuer, client_id=CLIENT_ID, client_secret="s", **changes)
    return OidcClient(provider, redirect_uri="http://meet.test/cb", clock=clock)


def redeem(client: OidcClient) -> dict[str, Any]:
    return dict(client.redeem("code", nonce=NONCE, code_verifier="v" * 43))


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', **header})}.{part(claims)}."


def hmac_signed(claims: dict[str, Any], public_key: bytes) -> str:
    """Signed with a public key as if it were a shared secret; libraries refuse to do it."""
    text = unsigned(claims, alg="HS256", kid="one").removesuffix(".")
    signature = hmac.digest(public_key, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_correct_token_is_taken(hostile: HostileProvider, client: OidcClient) -> None:
    hostile.id_token = hostile.sign(hostile.claims(NONCE))
    assert redeem(client)["sub"] == "ada"
    assert "code_verifier=" + "v" * 43 in hostile.forms[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "of another attempt"},
        {"nonce": None},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": CLIENT_ID},
        {"aud": None},
        {"azp": "another client"},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": int(time.time()) + HOUR},
        {"iat": None},
        {"nbf": int(time.time()) + HOUR},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_token_with_a_wrong_claim_is_refused(
    hostile: HostileProvider, client: OidcClient, changes: dict[str, Any]
) -> None:
    hostile.id_token = hostile.sign(hostile.claims(NONCE, **changes))
    with pytest.raises(IdentityUnprovenError):
        redeem(client)


def forged(hostile: HostileProvider) -> dict[str, str]:
    """ID tokens that say the right things, and that the provider has not signed."""
    claims = hostile.claims(NONCE)
    theirs = RSAKey.generate_key(2048, {"kid": "one"})
    elliptic = elliptic_key("one")
    public = hostile.key.as_pem(private=False)
    signed = hostile.sign(claims)
    head, body, signature = signed.split(".")
    return {
        "no algorithm": unsigned(claims, kid="one"),
        "no algorithm, other case": unsigned(claims, alg="nOnE", kid="one"),
        "HMAC with the public key": hmac_signed(claims, public),
        "another's key of the same id": hostile.sign(claims, key=theirs),
        "a key of its own in the header": hostile.sign(
            claims, key=elliptic, alg="ES256", kid="two", jwk=elliptic.as_dict(private=False)
        ),
        "a key of its own in the header, a known id": hostile.sign(
            claims, key=elliptic, alg="ES256", jwk=elliptic.as_dict(private=False)
        ),
        "keys of its own at an address": hostile.sign(claims, key=theirs, jku="http://127.0.0.1:1/keys"),
        "an algorithm that is not asked for": hostile.sign(claims, alg="RS512"),
        "an elliptic algorithm for an RSA key": hostile.sign(claims, key=elliptic, alg="ES256"),
        "other claims under a signature": ".".join((head, unsigned(claims | {"sub": "eve"}).split(".")[1], signature)),
        "no signature": f"{head}.{body}.",
        "no token": "x",
        "nothing": "",
        "too long": signed + "A" * 20_000,
    }


def test_forged_token_is_refused(hostile: HostileProvider, client: OidcClient) -> None:
    for name, token in forged(hostile).items():
        hostile.id_token = token
        try:
            redeem(client)
        except IdentityUnprovenError:
            continue
        pytest.fail(name)
    assert set(hostile.asked) <= {"/.well-known/openid-configuration", "/token", "/jwks"}


def test_keys_are_fetched_again_for_an_unknown_id_but_not_for_each(
    hostile: HostileProvider, client: OidcClient, clock: Clock
) -> None:
    hostile.id_token = hostile.sign(hostile.claims(NONCE))
    redeem(client)
    new = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    hostile.published = [dict(new.as_dict(private=False))]
    hostile.id_token = hostile.sign(hostile.claims(NONCE), key=new, kid="two")
    for _ in range(3):
        with pytest.raises(IdentityUnprovenError):
            redeem(client)
    assert hostile.asked.count("/jwks") == 1
    clock.offset = REFETCH_S + 1
    assert redeem(client)["sub"] == "ada"
    assert hostile.asked.count("/jwks") == 2
    assert redeem(client)["sub"] == "ada"
    assert hostile.asked.count("/jwks") == 2


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", (500, {}, b"")),
        ("/.well-known/openid-configuration", (302, {"Location": "http://127.0.0.1:1/"}, b"")),
        ("/.well-known/openid-configuration", (200, {}, b"<html>")),
        ("/.well-known/openid-configuration", (200, {}, b"[]")),
        ("/.well-known/openid-configuration", (200, {}, b"[" * 100_000)),
        ("/.well-known/openid-configuration", reply({})),
        ("/jwks", (500, {}, b"")),
        ("/jwks", (302, {"Location": "http://127.0.0.1:1/"}, b"")),
        ("/jwks", reply({})),
        ("/jwks", reply({"keys": "x"})),
        ("/jwks", reply({"keys": []})),
        ("/jwks", reply({"keys": [{"kty": "oct", "k": "AAAA"}, 7, {"kty": "RSA"}]})),
        ("/jwks", (200, {}, b"x" * (MAX_BYTES + 1))),
        ("/token", (302, {"Location": "http://127.0.0.1:1/"}, b"")),
        ("/token", (200, {}, b"<html>")),
        ("/token", (503, {}, b"{}")),
        ("/token", (200, {}, b"x" * (MAX_BYTES + 1))),
    ],
)
def test_answer_that_cannot_be_used_is_an_outage(
    hostile: HostileProvider, client: OidcClient, path: str, answer: Reply
) -> None:
    hostile.id_token = hostile.sign(hostile.claims(NONCE))
    hostile.on[path] = lambda: answer
    with pytest.raises(ProviderUnavailableError):
        redeem(client)
    assert set(hostile.asked) <= {"/.well-known/openid-configuration", "/token", "/jwks"}


@pytest.mark.parametrize("answer", [reply({}), reply({"id_token": 7}), reply({"error": "invalid_grant"}, 400)])
def test_answer_without_a_token_is_a_refusal(hostile: HostileProvider, client: OidcClient, answer: Reply) -> None:
    hostile.on["/token"] = lambda: answer
    with pytest.raises(AuthError) as caught:
        redeem(client)
    assert caught.value.code in ("provider_refused", "identity_unproven")


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.test"},
        {"issuer": "http://127.0.0.1"},
        {"token_endpoint": "http://evil.test/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "http://evil.test/jwks"},
        {"jwks_uri": "https://user@evil.test/jwks"},
        {"userinfo_endpoint": "http://evil.test/me"},
        {"jwks_uri": 7},
        {"token_endpoint": None},
    ],
)
def test_discovery_leads_nowhere_but_to_https(
    hostile: HostileProvider, client: OidcClient, changes: dict[str, Any]
) -> None:
    hostile.on["/.well-known/openid-configuration"] = lambda: reply(hostile.metadata(**changes))
    with pytest.raises(ProviderUnavailableError):
        client.authorization_url(state="s", nonce="n", code_verifier="v" * 43)


def test_provider_over_https_leads_not_even_to_this_machine() -> None:
    http = BoundedHttp(ca_pem="", allow_loopback=False)
    for address in ("http://127.0.0.1:9001/2018-06-01/runtime", "http://localhost/", "ftp://x.test/", "https:///x"):
        with pytest.raises(ProviderUnavailableError):
            http.check(address)


def test_user_info_fills_in_the_address_and_must_be_of_the_same_person(
    hostile: HostileProvider, client: OidcClient
) -> None:
    hostile.on["/.well-known/openid-configuration"] = lambda: reply(
        hostile.metadata(userinfo_endpoint=f"{hostile.issuer}/me")
    )
    hostile.id_token = hostile.sign(hostile.claims(NONCE, email=None, email_verified=None))
    hostile.on["/me"] = lambda: reply({"sub": "ada", "email": "ada@hostile.test", "iss": "https://evil.test"})
    claims = redeem(client)
    assert (claims["email"], claims["iss"]) == ("ada@hostile.test", hostile.issuer)
    hostile.on["/me"] = lambda: reply({"sub": "eve", "email": "eve@hostile.test"})
    with pytest.raises(IdentityUnprovenError):
        redeem(client)


@pytest.mark.parametrize("body", [b"", b"{"])
def test_late_answer_is_not_waited_for(hostile: HostileProvider, body: bytes) -> None:
    """One that sends nothing, and one that sends a little and then nothing."""
    hostile.on["/slow"] = lambda: (200, {"Content-Length": "100", "X-Then": "hang"}, body)
    http = BoundedHttp(ca_pem="", allow_loopback=True, deadline_s=0.2)
    with pytest.raises(ProviderUnavailableError):
        http.get(f"{hostile.issuer}/slow")


def test_provider_that_is_away_sends_people_back_to_the_page(
    hostile: HostileProvider, new_auth: Callable[..., Client]
) -> None:
    provider = {"kind": "oidc", "id": "op", "name": "O", "issuer": hostile.issuer, "client_id": CLIENT_ID}
    browser = Browser(new_auth(PARLEY_AUTH_PROVIDERS=json.dumps([provider])))
    hostile.on["/.well-known/openid-configuration"] = lambda: (503, {}, b"")
    away = browser.get("/v1/auth/providers/op/authorize?return_to=/live")
    assert away.status == 302
    assert query_of(away.headers["location"]) == {"error": "provider_unavailable", "provider": "op", "next": "/live"}
    hostile.on.clear()
    begun = query_of(browser.get("/v1/auth/providers/op/authorize").headers["location"])
    hostile.id_token = hostile.sign(hostile.claims("of another attempt"))
    back = browser.get(f"/v1/auth/providers/op/callback?state={begun['state']}&code=x")
    assert query_of(back.headers["location"]) == {"error": "identity_unproven", "provider": "op"}
    assert "parley_refresh" not in browser.cookies
