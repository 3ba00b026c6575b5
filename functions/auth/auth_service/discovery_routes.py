"""The routes from which programs learn about this service: its keys, its API."""

from __future__ import annotations

from typing import Any

from contracts.key_ring import JWKS_MAX_AGE_S
from functions.serverless import openapi
from functions.serverless.access import Open
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from functions.serverless.signing_keys import Jwks, SigningKeys


def add_discovery_routes(app: Service, *, signing_keys: SigningKeys) -> None:
    """Registers them with the application."""

    @app.operation(
        "GET",
        "/v1/auth/.well-known/jwks.json",
        summary="The public keys of access tokens",
        access=Open.ANYONE,
        answer=Jwks,
    )
    def jwks(_: Call[Empty, Empty]) -> Answer[Jwks]:
        return Answer(body=signing_keys.published(), headers={"Cache-Control": f"public, max-age={JWKS_MAX_AGE_S}"})

    @app.operation(
        "GET",
        "/v1/auth/openapi.json",
        summary="This API, as an OpenAPI document",
        access=Open.ANYONE,
        answer=dict,
    )
    def openapi_document(_: Call[Empty, Empty]) -> Answer[dict[str, Any]]:
        document = openapi.document(app.operations, title="Parley authentication service", version="0.1.0")
        return Answer(body=document, headers={"Cache-Control": "public, max-age=300"})
