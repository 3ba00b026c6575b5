"""The routes from which programs learn about this service: its keys, its API."""

from __future__ import annotations

import msgspec

from auth_service.answers import REFRESH_COOKIE, Answers
from auth_service.api_description import description
from auth_service.domain.accounts import MAX_PASSWORD_LENGTH
from auth_service.domain.relying_party import relying_party
from auth_service.messages import OpenidConfiguration, Options
from auth_service.settings import AuthSettings
from contracts.access_token import AccessClaims
from contracts.jwks import ALGORITHM
from contracts.key_ring import JWKS_MAX_AGE_S
from functions.serverless.access import Open
from functions.serverless.document_routes import add_document_routes
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from functions.serverless.signing_keys import Jwks, SigningKeys


def add_discovery_routes(app: Service, *, signing_keys: SigningKeys, settings: AuthSettings, answers: Answers) -> None:
    """Registers them with the application."""

    @app.operation(
        "GET", "/v1/auth/options", summary="What this installation offers", access=Open.ANYONE, answer=Options
    )
    def options(_: Call[Empty, Empty]) -> Answer[Options]:
        body = Options(
            mail=settings.mail != "off",
            password_min_length=settings.password_min_length,
            password_max_length=MAX_PASSWORD_LENGTH,
            passkeys=relying_party(settings.page) is not None,
        )
        return Answer(body=body, headers={"Cache-Control": "public, max-age=60"})

    def openid_configuration(_: Call[Empty, Empty]) -> Answer[OpenidConfiguration]:
        body = OpenidConfiguration(
            issuer=settings.issuer,
            jwks_uri=f"{settings.issuer}/.well-known/jwks.json",
            id_token_signing_alg_values_supported=(ALGORITHM,),
            subject_types_supported=("public",),
            response_types_supported=(),
            grant_types_supported=(),
            claims_supported=tuple(field.encode_name for field in msgspec.structs.fields(AccessClaims)),
            service_documentation=f"{settings.issuer}/reference",
        )
        return Answer(body=body, headers={"Cache-Control": "public, max-age=300"})

    # Where the specification has it for an issuer with a path, and where people look for it.
    for path, name in (
        ("/v1/auth/.well-known/openid-configuration", "openid_configuration"),
        ("/.well-known/openid-configuration", "platform_openid_configuration"),
    ):
        app.operation(
            "GET",
            path,
            name=name,
            summary="Where access tokens and their keys come from",
            access=Open.ANYONE,
            answer=OpenidConfiguration,
        )(openid_configuration)

    @app.operation(
        "GET",
        "/v1/auth/.well-known/jwks.json",
        summary="The public keys of access tokens",
        access=Open.ANYONE,
        answer=Jwks,
    )
    def jwks(_: Call[Empty, Empty]) -> Answer[Jwks]:
        return Answer(body=signing_keys.published(), headers={"Cache-Control": f"public, max-age={JWKS_MAX_AGE_S}"})

    add_document_routes(app, "/v1/auth", description(answers.cookie_name(REFRESH_COOKIE)))
