"""What goes into LDAP filters and names, and what Active Directory says of a refusal. Without I/O.

Values are never pasted as they are: whatever is not a letter or a digit of ASCII is written as ``\\xx``, which both a
filter (RFC 4515, 3) and a distinguished name (RFC 4514, 2.4) take for the octet itself.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

USERNAME: Final = "{username}"
DN: Final = "{dn}"
MAX_USERNAME: Final = 256

# What no sAMAccountName holds (MS-ADTS), and @, with which another domain could be named.
_NOT_IN_PRINCIPALS: Final = re.compile(r"[\x00-\x1f\x7f\"/\\\[\]:;|=,+*?<>@\s]")
_REASON_OF_DATA: Final = {
    "525": "unknown_user",
    "52e": "wrong_password",
    "530": "not_at_this_time",
    "531": "not_at_this_workstation",
    "532": "password_expired",
    "533": "account_disabled",
    "701": "account_expired",
    "773": "password_must_be_changed",
    "775": "account_locked",
}


def escaped(value: str) -> str:
    """A value for a filter or a distinguished name."""
    return "".join(chr(octet) if octet < 128 and chr(octet).isalnum() else f"\\{octet:02x}" for octet in value.encode())


def filled(template: str, **values: str) -> str:
    """A filter or a distinguished name whose ``{username}`` or ``{dn}`` is a value."""
    return re.sub(r"\{(username|dn)\}", lambda found: escaped(values[found[1]]), template)


def bind_name(template: str, username: str) -> str | None:
    """The name that somebody binds with: a distinguished name, or a principal such as ``{username}@corp.example`` and
    ``CORP\\{username}``. None if no principal could have such a name."""
    if "=" in template:
        return filled(template, username=username)
    return None if _NOT_IN_PRINCIPALS.search(username) else template.replace(USERNAME, username)


def normalised_dn(dn: str) -> str:
    """A distinguished name in a form for comparing: case and the spaces around separators do not matter."""
    return re.sub(r"\s*([,=+])\s*", r"\1", dn.strip()).casefold()


def matched_alike(username: str) -> str:
    """A text that is the same for all names that a directory could take for one (RFC 4518, 2; Active Directory passes
    over accents, too): without case, compatibility forms, accents, spaces and what cannot be seen. Two people may have
    the same."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", username).casefold())
    return "".join(each for each in plain if unicodedata.category(each)[0] not in "MZC")


def refusal_reason(diagnostic: str) -> str:
    """Why a bind was refused, as far as Active Directory tells (``data 533`` in its message)."""
    found = re.search(r"\bdata ([0-9a-f]{3})\b", diagnostic)
    return _REASON_OF_DATA.get(found[1], f"data_{found[1]}") if found else "wrong_password"
