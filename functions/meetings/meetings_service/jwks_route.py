"""The route of the public keys by which meeting tokens are verified."""

from __future__ import annotations

from contracts.key_ring import JWKS_MAX_AGE_S
from functions.serverless.access import Open
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from functions.serverless.signing_keys import Jwks, SigningKeys


def add_jwks_route(app: Service, keys: SigningKeys) -> None:
    """Registers the route."""

    @app.operation(
        "GET",
        "/v1/meetings/.well-known/jwks.json",
        summary="The public keys of meeting tokens",
        access=Open.ANYONE,
        answer=Jwks,
    )
    def jwks(_: Call[Empty, Empty]) -> Answer[Jwks]:
        return Answer(body=keys.published(), headers={"Cache-Control": f"public, max-age={JWKS_MAX_AGE_S}"})
