"""The routes with which an API describes itself: as an OpenAPI document for tools, and as a page for people."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from functions.serverless import openapi, openapi_page
from functions.serverless.access import Open
from functions.serverless.openapi import ApiDescription
from functions.serverless.preconditions import is_known
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from reference_pages.page import CONTENT_TYPE

VERSION = "0.1.0"
_KEPT = "public, max-age=300"


class _Document(Struct, frozen=True, kw_only=True):
    """Something that is the same for everybody, until another release answers. ``tag``: its entity tag."""

    body: Raw | str
    tag: str
    headers: Mapping[str, str] = {}

    def answer(self, call: Call[Empty, Empty]) -> Answer[Raw | str | None]:
        """It, unless the client has it."""
        headers = {"Cache-Control": _KEPT, "ETag": self.tag, **self.headers}
        if is_known(call.headers, self.tag):
            return Answer(body=None, headers=headers, status=304)
        return Answer(body=self.body, headers=headers)


def add_document_routes(app: Service, base: str, api: ApiDescription) -> None:
    """Registers ``<base>/openapi.json`` and ``<base>/reference`` with the application. Both are made when they are
    first asked for."""
    address = f"{base}/openapi.json"

    @functools.cache
    def written() -> bytes:
        return msgspec.json.encode(openapi.document(app.operations, api, version=VERSION))

    @functools.cache
    def document() -> _Document:
        return _Document(body=Raw(written()), tag=_tag(written()))

    @functools.cache
    def page() -> _Document:
        made = openapi_page.page_of(msgspec.json.decode(written()), address=address)
        headers = {"Content-Security-Policy": made.policy}
        return _Document(body=made.text, tag=_tag(made.text.encode()), headers=headers)

    @app.operation(
        "GET",
        address,
        summary="This API, as an OpenAPI document",
        access=Open.ANYONE,
        answer=dict,
        also={304: None},
    )
    def openapi_document(call: Call[Empty, Empty]) -> Answer[Raw | str | None]:
        return document().answer(call)

    @app.operation(
        "GET",
        f"{base}/reference",
        summary="This API, as a page for people",
        access=Open.ANYONE,
        answer=str,
        media_type=CONTENT_TYPE,
        also={304: None},
    )
    def reference(call: Call[Empty, Empty]) -> Answer[Raw | str | None]:
        return page().answer(call)


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'
