"""Where people may be sent after a login: to a page of this site, or to an application that is registered."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlencode

from functions.serverless.problems import InvalidFieldError

MAX_LENGTH = 1024
_SEGMENT = r"[A-Za-z0-9._~!$&'()*+,;=:@%-]+"
_REST = r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*"
_PAGE = re.compile(rf"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?(?:\?{_REST})?")
_LOOPBACK = ("127.0.0.1", "[::1]")


def page_path(text: str) -> str:
    """A path of this site, perhaps with a query, and nothing that a browser could take for another site's address.

    ``//host``, backslashes, white space and control characters are no paths (RFC 3986, 3.3; WHATWG URL, 4.4), nor are
    segments of dots. A fragment is none of a server's business: that of an encrypted meeting holds its key.

    Raises:
        InvalidFieldError: it is none.
    """
    path = text.partition("?")[0]
    is_plain = len(text) <= MAX_LENGTH and _PAGE.fullmatch(text) is not None
    if not is_plain or {".", "..", "%2e", "%2e%2e", ".%2e", "%2e."} & set(path.lower().split("/")):
        raise InvalidFieldError("return_to", "This is no path of this site.")
    return text


def app_address(text: str, registered: Collection[str]) -> str:
    """An address at which a registered application waits.

    Of loopback addresses (``http://127.0.0.1/…``, ``http://[::1]/…``) the port may be any (RFC 8252, 7.3); all others
    are compared octet by octet (RFC 9700, 4.1.3).

    Raises:
        InvalidFieldError: nobody has registered it.
    """
    if text in registered or _without_port(text) in registered:
        return text
    raise InvalidFieldError("redirect_uri", "This address is not registered (PARLEY_AUTH_APP_REDIRECTS).")


def _without_port(text: str) -> str | None:
    """A loopback address without its port; None for any other."""
    for host in _LOOPBACK:
        found = re.fullmatch(rf"http://{re.escape(host)}:[0-9]{{1,5}}(/[A-Za-z0-9._~/-]*)", text)
        if found is not None:
            return f"http://{host}{found[1]}"
    return None


def with_query(address: str, **values: str | None) -> str:
    """An address without a fragment, with more parameters in its query; None adds nothing."""
    more = urlencode({name: value for name, value in values.items() if value is not None})
    return f"{address}{'&' if '?' in address else '?'}{more}" if more else address
