"""Objects of the bucket of recordings for browsers, by addresses that a service has signed, as S3 itself gives them.

moto believes everybody, and tells at the same port all that is secret. So the signature (AWS Signature Version 4,
"Authenticating Requests: Using Query Parameters") and its end are checked here, with a key that is made anew at each
start, and nothing but one object of that bucket is asked for, whatever was signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, unquote

import aiohttp
from aiohttp import web
from yarl import URL

from infra.local.ports import LOOPBACK

PATH: Final = "/objects"
ACCESS_KEY_ID: Final = "local"
_LONGEST_S: Final = 7 * 86_400
_CHUNK: Final = 256 * 1024
_SCOPE: Final = re.compile(rf"{ACCESS_KEY_ID}/(\d{{8}})/([a-z0-9-]+)/s3/aws4_request")
_SEGMENTS: Final = re.compile(r"(?:/[A-Za-z0-9._~%-]+)+")
"""What SigV4's ``UriEncode`` leaves of a path, without empty segments."""
_SIGNATURE: Final = frozenset(
    f"X-Amz-{name}" for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
)
_PARAMETERS: Final = _SIGNATURE | {"response-content-disposition", "response-content-type"}
"""The others of GetObject, such as ``versionId``, and those that make another operation of it, are not for browsers."""
_KEPT: Final = ("Content-Type", "Content-Length", "Content-Range", "Content-Disposition", "Accept-Ranges", "ETag")


class SignedObjects:
    """Passes on what names an object of ``bucket`` and is signed with ``key``. ``clock``: seconds since the epoch."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        aws_port: int,
        *,
        bucket: str,
        key: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._origin = f"http://{LOOPBACK}:{aws_port}"
        self._bucket = bucket
        self._key = key
        self._clock = clock

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One object, or a range of it; for ``HEAD``, which an address for ``GET`` opens too, what would come with it.

        Raises:
            web.HTTPForbidden: the address is no object's, or not signed, or not any more.
        """
        path, _, query = request.raw_path.partition("?")
        believed = names_object(path, query, bucket=self._bucket) and is_signed(
            path, query, host=request.host, now=self._clock(), key=self._key
        )
        if not believed:
            raise web.HTTPForbidden(text="This address opens nothing (any more).")
        headers = {"Range": request.headers["Range"]} if "Range" in request.headers else {}
        url = f"{self._origin}{path.removeprefix(PATH)}?{query}"
        async with self._session.request(
            request.method, URL(url, encoded=True), headers=headers, allow_redirects=False
        ) as answer:
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            response = web.StreamResponse(status=answer.status, headers=kept | {"Cache-Control": "private, no-store"})
            await response.prepare(request)
            async for chunk in answer.content.iter_chunked(_CHUNK):
                await response.write(chunk)
            await response.write_eof()
            return response


def names_object(path: str, query: str, *, bucket: str) -> bool:
    """Whether an address, as it stands in the request line, is that of an object in ``bucket``, and asks no more.

    Not one that could be read as something else on its way: with ``.`` or ``..``, a second encoding or a backslash in
    its name, or with a parameter that is given twice.
    """
    prefix = f"{PATH}/{bucket}/"
    if not bucket or not path.startswith(prefix) or not _SEGMENTS.fullmatch(path):
        return False
    name = unquote(path.removeprefix(prefix))
    if not name.isprintable() or "%" in name or "\\" in name or not {"", ".", ".."}.isdisjoint(name.split("/")):
        return False
    parameters = [pair.partition("=")[0] for pair in query.split("&")]
    return len(parameters) == len(set(parameters)) and _PARAMETERS.issuperset(parameters)


def is_signed(path: str, query: str, *, host: str, now: float, key: str) -> bool:
    """Whether an address, as it stands in the request line, carries its signature by ``key``, and has not run out."""
    pairs = query.split("&")
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    scope = _SCOPE.fullmatch(given.get("X-Amz-Credential", ""))
    date, expires, signature = (given.get(f"X-Amz-{name}", "") for name in ("Date", "Expires", "Signature"))
    if scope is None or given.get("X-Amz-SignedHeaders") != "host" or not re.fullmatch(r"\d{1,6}", expires):
        return False
    if not re.fullmatch(r"\d{8}T\d{6}Z", date) or not date.startswith(scope[1]):
        return False
    signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    if now >= signed_at + min(int(expires), _LONGEST_S):
        return False
    canonical_query = "&".join(sorted(pair for pair in pairs if not pair.startswith("X-Amz-Signature=")))
    canonical = f"GET\n{path}\n{canonical_query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope[1]}/{scope[2]}/s3/aws4_request\n{digest}"
    derived = f"AWS4{key}".encode()
    for part in (scope[1], scope[2], "s3", "aws4_request"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    expected = hmac.digest(derived, text.encode(), "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.encode())
