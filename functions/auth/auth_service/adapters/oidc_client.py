"""One provider of OpenID Connect: discovery, the address to send people to, and the exchange of their code.

Imported by the routes that need it only: Authlib costs a tenth of a second of a cold start. Authlib makes the requests
and judges the claims; joserfc, its JOSE library, verifies signatures with the key set that is given here and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from auth_service.adapters.bounded_http import BoundedHttp, HttpReply
from auth_service.domain.providers import OidcProvider
from auth_service.errors import IdentityUnprovenError, ProviderRefusedError, ProviderUnavailableError

METADATA_S: Final = 3600.0
KEYS_S: Final = 3600.0
REFETCH_S: Final = 30.0
"""An unknown key id has the keys fetched again, but not more often: anybody can make up key ids."""
CLOCK_SKEW_S: Final = 60
MAX_TOKEN: Final = 16_384
_MIN_RSA_BITS: Final = 2048


class Metadata(Struct, frozen=True, kw_only=True):
    """What is used of the discovery document (OpenID Connect Discovery, 3; RFC 9207, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False


class OidcClient:
    """Keeps the metadata and keys of one provider while the process lives. ``clock``: seconds since the epoch."""

    def __init__(self, provider: OidcProvider, *, redirect_uri: str, clock: Callable[[], float]) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        self._clock = clock
        allow_loopback = provider.issuer.startswith("http://")
        self._http = BoundedHttp(ca_pem=provider.ca_pem, allow_loopback=allow_loopback)
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """Where to send somebody who logs in.

        Raises:
            ProviderUnavailableError: the provider cannot be discovered.
        """
        extra = {"hd": self._provider.hosted_domain} if self._provider.hosted_domain else {}
        url, _ = self._oauth().create_authorization_url(
            self._known().authorization_endpoint, state=state, code_verifier=code_verifier, nonce=nonce, **extra
        )
        return str(url)

    def check_issuer(self, issuer: str | None) -> None:
        """Judges the parameter ``iss`` of the provider's answer (RFC 9207, 2.4), against mixing up providers.

        Raises:
            IdentityUnprovenError: it is another's, or missing where the provider says that it always sends it.
        """
        metadata = self._known()
        if issuer is None and metadata.authorization_response_iss_parameter_supported:
            raise IdentityUnprovenError("no iss in the answer")
        if issuer is not None and issuer != metadata.issuer:
            raise IdentityUnprovenError("the answer's iss")

    def redeem(self, code: str, *, nonce: str, code_verifier: str) -> Mapping[str, Any]:
        """The verified claims of the ID token that a code is exchanged for, and those of UserInfo if the address is not
        among them, as the standard has it (OpenID Connect Core, 5.4).

        Raises:
            ProviderUnavailableError: the provider does not answer as it should.
            ProviderRefusedError: it does not take the code.
            IdentityUnprovenError: its ID token does not hold.
        """
        try:
            answer = self._oauth().fetch_token(
                self._known().token_endpoint, grant_type="authorization_code", code=code, code_verifier=code_verifier
            )
        except OAuth2Error as error:
            raise ProviderRefusedError(f"token endpoint: {str(error.error)[:64]}") from error
        except (TypeError, ValueError) as error:  # an answer of another shape
            raise ProviderUnavailableError("token endpoint") from error
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str) or len(id_token) > MAX_TOKEN:
            raise IdentityUnprovenError("no ID token")
        if not isinstance(access_token, str) or not access_token.isascii() or not access_token.isprintable():
            access_token = None
        claims = self._claims(id_token, access_token, nonce)
        endpoint = self._known().userinfo_endpoint
        if "email" in claims or endpoint is None or access_token is None:
            return claims
        return {**self._user_info(endpoint, access_token, claims["sub"]), **claims}

    def _user_info(self, endpoint: str, access_token: str, subject: str) -> Mapping[str, Any]:
        """OpenID Connect Core, 5.3."""
        reply = self._http.get(endpoint, access_token=access_token)
        if reply.status != 200:
            raise ProviderUnavailableError(f"UserInfo: status {reply.status}")
        claims = reply.json_object()
        if claims.get("sub") != subject:
            raise IdentityUnprovenError("UserInfo of another")
        return claims

    def _claims(self, id_token: str, access_token: str | None, nonce: str) -> Mapping[str, Any]:
        """OpenID Connect Core, 3.1.3.7 and 3.1.3.8."""
        client_id = self._provider.client_id
        options = {
            "iss": {"essential": True, "value": self._known().issuer},
            "aud": {"essential": True, "value": client_id},
        }
        params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
        try:
            token = self._verified(id_token)
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(now=int(self._clock()), leeway=CLOCK_SKEW_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise IdentityUnprovenError(f"{type(error).__name__}: {str(error)[:96]}") from error
        audience = claims["aud"]
        if isinstance(audience, list) and audience != [client_id]:
            raise IdentityUnprovenError("other audiences")  # none is trusted beside us (Core, 3.1.3.7, 3)
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise IdentityUnprovenError("sub")
        return dict(claims)

    def _verified(self, id_token: str) -> jwt.Token:
        """A token whose signature is one of the provider's published keys', by an algorithm of the settings."""
        algorithms = list(self._provider.algorithms)
        try:
            return jwt.decode(id_token, self._key_set(), algorithms=algorithms)
        except JoseError as error:
            fetched = self._keys[0] if self._keys else 0.0
            if not isinstance(error, InvalidKeyIdError) or self._clock() - fetched < REFETCH_S:
                raise
            self._keys = None
            return jwt.decode(id_token, self._key_set(), algorithms=algorithms)

    def _known(self) -> Metadata:
        now = self._clock()
        if self._metadata is None or now - self._metadata[0] > METADATA_S:
            self._metadata = (now, self._discovered())
        return self._metadata[1]

    def _discovered(self) -> Metadata:
        issuer = self._provider.issuer
        reply = self._http.get(f"{issuer.removesuffix('/')}/.well-known/openid-configuration")
        if reply.status != 200:
            raise ProviderUnavailableError(f"discovery: status {reply.status}")
        try:
            metadata = msgspec.convert(reply.json_object(), Metadata)
        except msgspec.ValidationError as error:
            raise ProviderUnavailableError(f"discovery: {error}") from error
        if metadata.issuer != issuer:  # OpenID Connect Discovery, 4.3
            raise ProviderUnavailableError("discovery: another issuer")
        endpoints = (
            metadata.authorization_endpoint,
            metadata.token_endpoint,
            metadata.jwks_uri,
            metadata.userinfo_endpoint,
        )
        for address in filter(None, endpoints):
            self._http.check(address)
        return metadata

    def _key_set(self) -> KeySet:
        now = self._clock()
        if self._keys is None or now - self._keys[0] > KEYS_S:
            self._keys = (now, self._fetched_keys())
        return self._keys[1]

    def _fetched_keys(self) -> KeySet:
        reply = self._http.get(self._known().jwks_uri)
        if reply.status != 200:
            raise ProviderUnavailableError(f"keys: status {reply.status}")
        given = reply.json_object().get("keys")
        usable = [key for key in given if _is_signing_key(key)] if isinstance(given, list) else []
        try:
            return KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderUnavailableError("keys that cannot be used") from error

    def _oauth(self) -> OAuth2Client:
        provider = self._provider
        return OAuth2Client(
            _Session(self._http),
            client_id=provider.client_id,
            client_secret=provider.client_secret or None,
            token_endpoint_auth_method=provider.client_authentication if provider.client_secret else "none",
            scope=" ".join(provider.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )


class _Session:
    """What Authlib's client asks with: the one method of a ``requests`` session that it uses here."""

    def __init__(self, http: BoundedHttp) -> None:
        self._http = http

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> _Response:
        address, all_headers, form = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Response(self._http.post_form(address, form, all_headers))


class _Response:
    """What Authlib reads of an answer."""

    def __init__(self, reply: HttpReply) -> None:
        self._reply = reply
        self.status_code = reply.status

    def json(self) -> dict[str, Any]:
        return self._reply.json_object()

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise ProviderUnavailableError(f"token endpoint: status {self.status_code}")


def _is_signing_key(key: Any) -> bool:
    """A public key for signatures, strong enough; others of the set are none of our business."""
    if not isinstance(key, dict) or key.get("use", "sig") != "sig" or key.get("kty") not in ("RSA", "EC", "OKP"):
        return False
    return key["kty"] != "RSA" or len(str(key.get("n", ""))) * 6 >= _MIN_RSA_BITS
