"""The setting that says what identity providers there are: what stops the start, and that no secret is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from auth_service.domain.providers import GOOGLE, LdapProvider, OidcProvider, ProvidersError, by_id, parse_providers

OIDC = {
    "kind": "oidc",
    "id": "op",
    "name": "O",
    "issuer": "https://op.test",
    "client_id": "c",
    "client_secret": "s3cret",
}
LDAP = {
    "kind": "ldap",
    "id": "staff",
    "name": "Staff",
    "urls": ["ldaps://ldap.test"],
    "user_base": "dc=test",
    "bind_dn": "cn=parley",
    "bind_password": "s3cret",
}


def parsed(*providers: dict[str, Any]) -> Any:
    return parse_providers(json.dumps(providers), source="SETTING")


def test_google_is_an_openid_provider_of_which_much_is_known() -> None:
    [google] = parsed({"kind": "google", "client_id": "c", "client_secret": "s3cret"})
    assert isinstance(google, OidcProvider)
    assert (google.id, google.issuer, google.algorithms, google.vouches_for) == ("google", GOOGLE, ("RS256",), ("*",))


def test_any_number_of_each_kind() -> None:
    found = by_id(parsed(OIDC, OIDC | {"id": "op2"}), parsed(LDAP))
    assert list(found) == ["op", "op2", "staff"]
    assert isinstance(found["staff"], LdapProvider)
    assert "s3cret" not in repr(found)


def test_two_of_one_id_are_refused() -> None:
    with pytest.raises(ProvidersError, match="op"):
        by_id(parsed(OIDC), parsed(OIDC))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kind": "saml", "id": "x"}, "kind"),
        (OIDC | {"id": "Op"}, "id"),
        (OIDC | {"id": "a#b"}, "id"),
        (OIDC | {"issuer": "http://op.test"}, "issuer"),
        (OIDC | {"issuer": "https://op.test?x"}, "issuer"),
        (OIDC | {"algorithms": ["HS256"]}, "algorithms"),
        (OIDC | {"algorithms": ["none"]}, "algorithms"),
        (OIDC | {"algorithms": []}, "algorithms"),
        (OIDC | {"scopes": ["email"]}, "scopes"),
        (OIDC | {"roles": {"owner": ["x"]}}, "roles"),
        (OIDC | {"vouches_for": ["Example"]}, "vouches_for"),
        (OIDC | {"secret": "s3cret"}, "secret"),
        (LDAP | {"urls": []}, "urls"),
        (LDAP | {"urls": ["http://ldap.test"]}, "urls"),
        (LDAP | {"bind_password": ""}, "bind_password"),
        (LDAP | {"bind_template": "uid={username}"}, "bind_template"),
        (LDAP | {"bind_dn": "", "bind_template": "uid=x"}, "bind_template"),
        (LDAP | {"user_filter": "(uid=ada)"}, "user_filter"),
        (LDAP | {"ca_pem": "x", "ca_file": "y"}, "ca_pem"),
        (LDAP | {"timeout_s": 60}, "timeout_s"),
    ],
)
def test_what_cannot_be_used_is_named_and_no_secret_is_shown(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ProvidersError, match=named) as caught:
        parsed(OIDC | {"id": "fine"}, given)
    assert "SETTING" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[", "x", "[1] 2"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ProvidersError, match="SETTING"):
        parse_providers(text, source="SETTING")
