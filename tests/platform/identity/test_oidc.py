# SPDX-License-Identifier: Apache-2.0
"""What a directory says is believed only if it is genuine, for us, for this login and now."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from tests.server import NOON

from steelyard.kernel.errors import InputError, UnauthenticatedError
from steelyard.platform.identity.directory import local_path
from steelyard.platform.identity.oidc import (
    Directory,
    Metadata,
    Provider,
    find_claim,
    identity,
)

KEY, OTHER = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))
ISSUER = "https://login.example.org"
NOW = int(NOON.timestamp())
GOOD: dict[str, Any] = {
    "iss": ISSUER, "aud": "steelyard", "sub": "42", "exp": NOW + 300, "iat": NOW, "nonce": "n-1",
}  # fmt: skip


class Known(Directory):
    """A directory whose documents are known without asking for them."""

    def _fetch(self, url: str) -> dict[str, Any]:
        if url.endswith("openid-configuration"):
            return {
                "issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/a",
                "token_endpoint": f"{ISSUER}/t", "jwks_uri": f"{ISSUER}/k",
            }  # fmt: skip
        return dict(KeySet([KEY]).as_dict(private=False))


def directory() -> Known:
    return Known(Provider(issuer=ISSUER, client_id="steelyard", client_secret="secret"))


def signed(claims: dict[str, Any], key: Any = KEY, alg: str = "RS256") -> str:
    return jwt.encode({"alg": alg, "kid": "one"}, claims, key, algorithms=[alg])


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def public_key_as_secret() -> str:
    """The classic forgery: the issuer's public key taken for a secret that both know."""
    told = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(GOOD)}"
    made = hmac.digest(KEY.as_pem(private=False), told.encode(), "sha256")
    return f"{told}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def test_a_genuine_token_is_believed() -> None:
    assert directory().checked(signed(GOOD), "n-1", NOON)["sub"] == "42"
    several = {**GOOD, "aud": ["other", "steelyard"], "azp": "steelyard"}
    assert directory().checked(signed(several), "n-1", NOON)["sub"] == "42"


@pytest.mark.parametrize(
    "claims",
    [
        {**GOOD, "nonce": "n-2"},
        {name: value for name, value in GOOD.items() if name != "nonce"},
        {**GOOD, "aud": "somebody-else"},
        {**GOOD, "aud": ["other", "steelyard"]},
        {**GOOD, "azp": "other"},
        {**GOOD, "iss": "https://evil.example"},
        {**GOOD, "exp": NOW - 61},
        {name: value for name, value in GOOD.items() if name != "exp"},
        {name: value for name, value in GOOD.items() if name != "sub"},
        {**GOOD, "nbf": NOW + 3600},
    ],
)
def test_claims_for_others_or_another_time_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        directory().checked(signed(claims), "n-1", NOON)
    assert caught.value.code == "oidc.refused"


@pytest.mark.parametrize(
    "token",
    [
        f"{part({'alg': 'none'})}.{part(GOOD)}.",
        f"{part({'alg': 'none', 'kid': 'one'})}.{part(GOOD)}.{part({})}",
        signed(GOOD, OTHER),
        signed(GOOD)[:-4] + "AAAA",
        signed(GOOD).replace(signed(GOOD).split(".")[1], part({**GOOD, "sub": "1"})),
        "",
        "a.b.c",
        "....",
    ],
)
def test_tokens_without_a_signature_of_the_issuer_are_refused(token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        directory().checked(token, "n-1", NOON)


def test_the_public_key_is_no_shared_secret() -> None:
    with pytest.raises(UnauthenticatedError):
        directory().checked(public_key_as_secret(), "n-1", NOON)


def test_groups_are_found_where_directories_put_them() -> None:
    provider = Provider(issuer=ISSUER, client_id="x")
    for claims in (
        {"groups": ["a", "b"]},
        {"claims": {"groups": ["a", "b"]}},
        {"groups": ["a", 1, None, "b"]},
    ):
        found = identity(provider, {"sub": "1", "email": "a@example.org", **claims})
        assert found.groups == ("a", "b")
    assert find_claim({"realm_access": {"roles": ["x"]}}, "realm_access.roles") == ["x"]
    assert find_claim({"https://a.example/groups": ["x"]}, "https://a.example/groups") == ["x"]
    assert find_claim({"groups": "x"}, "nothing.there") is None
    assert identity(provider, {"sub": "1", "email": "a@b", "groups": "one"}).groups == ("one",)
    with pytest.raises(InputError):
        identity(provider, {"sub": "1"})
    unverified = identity(provider, {"sub": "1", "email": "a@b", "email_verified": "true"})
    assert not unverified.mail_verified


def test_keys_are_asked_for_again_when_one_is_new() -> None:
    spoken = directory()
    spoken._keys = (NOON, KeySet([OTHER]))
    assert spoken.checked(signed(GOOD), "n-1", NOON)["sub"] == "42"


def test_another_issuer_than_configured_is_refused() -> None:
    from steelyard.kernel.errors import UnavailableError

    spoken = Known(Provider(issuer="https://other.example.org", client_id="x"))
    with pytest.raises(UnavailableError):
        spoken.metadata(NOON)
    assert isinstance(directory().metadata(NOON), Metadata)


@pytest.mark.parametrize(
    ("then", "path"),
    [
        ("/requests/1?x=2", "/requests/1?x=2"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:x", "/"),
        ("", "/"),
        ("/a\r\nx: y", "/"),
    ],
)
def test_a_login_goes_on_only_here(then: str, path: str) -> None:
    assert local_path(then) == path
