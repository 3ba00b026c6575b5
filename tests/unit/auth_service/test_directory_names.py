"""What goes into filters and names, and where browsers may be sent: nothing that says more than it should."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from auth_service.domain.directory_names import bind_name, escaped, filled, matched_alike, normalised_dn, refusal_reason
from auth_service.domain.return_addresses import app_address, page_path, with_query
from hypothesis import example, given
from hypothesis import strategies as st
from ldap3.utils.dn import parse_dn

from functions.serverless.problems import InvalidFieldError

names = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(names)
@example("*)(uid=*")
@example("\\2a")
@example(" #x ")
@example("\x00")
def test_value_stays_a_value(name: str) -> None:
    text = escaped(name)
    assert re.fullmatch(r"(?:[A-Za-z0-9]|\\[0-9a-f]{2})+", text)
    octets = re.sub(r"\\([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), text).encode("latin-1")
    assert octets.decode() == name


@given(names)
def test_distinguished_name_has_the_parts_of_its_template(name: str) -> None:
    parts = parse_dn(filled("uid={username},ou=people,dc=test", username=name))
    assert [kind for kind, _, _ in parts] == ["uid", "ou", "dc"]


def test_value_that_looks_like_a_template_is_not_filled_again() -> None:
    assert filled("(&(a={username})(b={dn}))", username="{dn}", dn="x") == "(&(a=\\7bdn\\7d)(b=x))"


@pytest.mark.parametrize(
    ("template", "name", "bound"),
    [
        ("uid={username},dc=test", "a,b", "uid=a\\2cb,dc=test"),
        ("{username}@corp.test", "ada.lovelace", "ada.lovelace@corp.test"),
        ("CORP\\{username}", "ada", "CORP\\ada"),
        ("{username}@corp.test", "ada@evil.test", None),
        ("CORP\\{username}", "EVIL\\ada", None),
        ("{username}@corp.test", "ada\x00", None),
        ("{username}@corp.test", "a b", None),
    ],
)
def test_name_to_bind_with(template: str, name: str, bound: str | None) -> None:
    assert bind_name(template, name) == bound


def test_names_are_compared_without_case_and_spaces() -> None:
    assert normalised_dn(" CN=Admins , OU=Groups,DC = test ") == "cn=admins,ou=groups,dc=test"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("52e", "wrong_password"),
        ("533", "account_disabled"),
        ("775", "account_locked"),
        (
            "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 773, v4563",
            "password_must_be_changed",
        ),
        ("999", "data_999"),
    ],
)
def test_reason_of_active_directory(data: str, reason: str) -> None:
    message = f"80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {data}, v4563"
    assert refusal_reason(message) == reason
    assert refusal_reason("") == "wrong_password"


# ---- where browsers may be sent ----

addresses = st.text(alphabet=st.sampled_from("/\\.:?#@%&=a0-_~ \t\r\n\u2028hps2fe5c"), max_size=24)


@given(st.one_of(addresses, addresses.map(lambda text: "/" + text)))
@example("/\t/evil.test")
@example("/\\evil.test")
@example("//evil.test")
def test_open_redirect_page_path_is_always_of_this_site(text: str) -> None:
    try:
        path = page_path(text)
    except InvalidFieldError:
        return
    assert path == text
    # A browser drops tabs and line ends, and takes a backslash for a slash (WHATWG URL, 4.4).
    seen = re.sub(r"[\t\r\n]", "", path).replace("\\", "/")
    assert urlsplit(urljoin("https://meet.test/v1/auth/providers/x/callback", seen)).netloc == "meet.test"
    assert not seen.startswith("//")


@pytest.mark.parametrize("text", ["/", "/m/abc-defg-hjk", "/m/abc?x=1&y=%20", "/live/", "/a?next=/b//c"])
def test_page_path_may_have_a_query(text: str) -> None:
    assert page_path(text) == text


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("app://login", True),
        ("app://login/", False),
        ("app://login?x", False),
        ("APP://login", False),
        ("http://127.0.0.1:5123/cb", True),
        ("http://[::1]:5123/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://127.0.0.1:5123/other", False),
        ("http://127.0.0.1:5123@evil.test/cb", False),
        ("http://127.0.0.1.evil.test:1/cb", False),
        ("https://127.0.0.1:5123/cb", False),
        ("https://app.test/cb", True),
        ("https://app.test:444/cb", False),
    ],
)
def test_application_waits_where_it_is_registered(text: str, *, allowed: bool) -> None:
    registered = ("app://login", "http://127.0.0.1/cb", "http://[::1]/cb", "https://app.test/cb")
    if allowed:
        assert app_address(text, registered) == text
    else:
        with pytest.raises(InvalidFieldError):
            app_address(text, registered)


def test_key_of_a_meeting_is_not_taken() -> None:
    with pytest.raises(InvalidFieldError):
        page_path("/m/abc-defg-hjk#k=secret")


def test_parameters_are_added_to_those_that_are_there() -> None:
    assert with_query("/m/x?a=1", error="e", provider=None) == "/m/x?a=1&error=e"
    assert with_query("app:/cb", code="a b&c") == "app:/cb?code=a+b%26c"
    assert with_query("/x") == "/x"


@pytest.mark.parametrize(
    "name", ["GRACE", " grace ", "gra ce", "ｇｒａｃｅ", "gráce", "gra\u00adce", "gra\u200bce", "𝓰race"]
)
def test_names_that_a_directory_takes_for_one_are_counted_as_one(name: str) -> None:
    assert matched_alike(name) == "grace"


def test_other_names_are_counted_for_themselves() -> None:
    assert len({matched_alike(name) for name in ("grace", "grace2", "gr-ace", "g.race", "grace@corp.example")}) == 5
