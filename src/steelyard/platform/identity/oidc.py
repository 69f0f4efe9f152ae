# SPDX-License-Identifier: Apache-2.0
"""Login through a directory by OpenID Connect: code flow with PKCE, state and nonce.

What the directory says is believed only if its ID token is signed by a key the issuer publishes,
by an algorithm with a public key, for this client, for this login, and now.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping as Fields
from typing import Any
from urllib.parse import urlencode

import httpx2
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from steelyard.kernel.errors import InputError, UnauthenticatedError, UnavailableError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""What an ID token may be signed with; never ``none``, never a secret that both sides know."""
LEEWAY = 60
_KEEP = dt.timedelta(minutes=10)
_TIMEOUT = 10.0
_DOCUMENT_MOST = 1024 * 1024


class Provider(Struct, frozen=True, kw_only=True):
    """A directory and this house as its client."""

    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: str = "openid profile email"
    groups_claim: str = "groups"
    """Name of the claim that lists groups, or the path to it with dots."""


class Metadata(Struct, frozen=True, kw_only=True):
    """What the directory publishes of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""


class Identity(Struct, frozen=True, kw_only=True):
    """Who logged in, as the directory says."""

    subject: str
    mail: str
    mail_verified: bool
    name: str
    groups: tuple[str, ...]


class Directory:
    """Speaks to one provider; keeps what it publishes for some minutes."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._lock = threading.Lock()
        self._metadata: tuple[dt.datetime, Metadata] | None = None
        self._keys: tuple[dt.datetime, KeySet] | None = None

    def metadata(self, now: dt.datetime) -> Metadata:
        """Return what the provider publishes.

        Raises:
            UnavailableError: it cannot be reached, or what it says is not what was configured.
        """
        with self._lock:
            kept = self._metadata
        if kept is not None and abs(now - kept[0]) < _KEEP:
            return kept[1]
        issuer = self.provider.issuer
        document = self._fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = Metadata(
                **{
                    name: str(document[name])
                    for name in Metadata.__struct_fields__
                    if document.get(name)
                }
            )
        except TypeError as error:
            raise _away(issuer, f"its configuration is not complete ({error})") from error
        if found.issuer.rstrip("/") != issuer.rstrip("/"):
            raise _away(issuer, "it says that it is another issuer")
        with self._lock:
            self._metadata = (now, found)
        return found

    def begin(self, now: dt.datetime, redirect: str, state: str, nonce: str, verifier: str) -> str:
        """Return the address to send the browser to."""
        with self._client(redirect) as client:
            url, _ = client.create_authorization_url(
                self.metadata(now).authorization_endpoint,
                state=state,
                nonce=nonce,
                code_verifier=verifier,
            )
        return str(url)

    def finish(
        self, now: dt.datetime, redirect: str, code: str, nonce: str, verifier: str
    ) -> Identity:
        """Return who logged in.

        Raises:
            UnauthenticatedError: the code or the ID token is not accepted.
            UnavailableError: the directory cannot be reached.
        """
        metadata = self.metadata(now)
        try:
            with self._client(redirect) as client:
                token = client.fetch_token(
                    metadata.token_endpoint, code=code, code_verifier=verifier
                )
                claims = self.checked(str(token.get("id_token", "")), nonce, now)
                more = self._userinfo(client, metadata, claims)
        except httpx2.HTTPError as error:
            raise _away(self.provider.issuer, str(error) or type(error).__name__) from error
        except UnauthenticatedError:
            raise
        except Exception as error:  # Authlib's errors have no common base
            if type(error).__module__.startswith("authlib"):
                raise refused(f"The directory did not accept the login: {error}.") from error
            raise
        return identity(self.provider, {**more, **claims})

    def checked(self, id_token: str, nonce: str, now: dt.datetime) -> dict[str, Any]:
        """Return the claims of an ID token that is genuine, for us, for this login and now.

        Raises:
            UnauthenticatedError: it is not.
        """
        try:
            try:
                token = jwt.decode(id_token, self._key_set(now), algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):  # perhaps the keys were changed since we read them
                token = jwt.decode(
                    id_token, self._key_set(now, fresh=True), algorithms=list(ALGORITHMS)
                )
            registry = jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=LEEWAY,
                iss={"essential": True, "value": self.metadata(now).issuer},
                aud={"essential": True, "value": self.provider.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise refused(f"The ID token is not accepted: {error}.") from error
        claims: dict[str, Any] = token.claims
        audience = claims["aud"]
        others = isinstance(audience, list) and len(audience) > 1
        if (others or "azp" in claims) and claims.get("azp") != self.provider.client_id:
            raise refused("The ID token was made for another client.")
        return claims

    def end_session(self, then: str) -> str:
        """Return where to log out of the directory as well; empty if it has no such place."""
        with self._lock:
            kept = self._metadata
        if kept is None or not kept[1].end_session_endpoint:
            return ""
        query = {"client_id": self.provider.client_id, "post_logout_redirect_uri": then}
        return f"{kept[1].end_session_endpoint}?{urlencode(query)}"

    def _userinfo(
        self, client: OAuth2Client, metadata: Metadata, claims: Fields[str, Any]
    ) -> dict[str, Any]:
        if not metadata.userinfo_endpoint or find_claim(claims, self.provider.groups_claim):
            return {}
        reply = client.get(metadata.userinfo_endpoint)
        if reply.status_code != 200 or len(reply.content) > _DOCUMENT_MOST:
            return {}
        found = reply.json()
        genuine = isinstance(found, dict) and found.get("sub") == claims.get("sub")
        return found if genuine else {}

    def _key_set(self, now: dt.datetime, *, fresh: bool = False) -> KeySet:
        with self._lock:
            kept = self._keys
        if kept is not None and not fresh and abs(now - kept[0]) < _KEEP:
            return kept[1]
        found = KeySet.import_key_set(self._fetch(self.metadata(now).jwks_uri))  # type: ignore[arg-type]
        with self._lock:
            self._keys = (now, found)
        return found

    def _client(self, redirect: str) -> OAuth2Client:
        return OAuth2Client(
            self.provider.client_id,
            self.provider.client_secret or None,
            scope=self.provider.scopes,
            redirect_uri=redirect,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic"  # a method's name
            if self.provider.client_secret
            else "none",
            timeout=_TIMEOUT,
            follow_redirects=False,
        )

    def _fetch(self, url: str) -> dict[str, Any]:
        try:
            reply = httpx2.get(url, timeout=_TIMEOUT, follow_redirects=False)
            reply.raise_for_status()
            document = reply.json() if len(reply.content) <= _DOCUMENT_MOST else None
        except (httpx2.HTTPError, ValueError) as error:
            raise _away(self.provider.issuer, str(error) or type(error).__name__) from error
        if not isinstance(document, dict):
            raise _away(self.provider.issuer, "what it sends is no document")
        return document


def identity(provider: Provider, claims: Fields[str, Any]) -> Identity:
    """Return who the claims tell of.

    Raises:
        InputError: they name no mail address.
    """
    mail = find_claim(claims, "email")
    if not isinstance(mail, str) or "@" not in mail:
        raise InputError(
            "The directory does not say your mail address.",
            next_step="Ask an administrator to have the scope `email` released.",
            code="oidc.mail",
        )
    name = find_claim(claims, "name") or find_claim(claims, "preferred_username") or ""
    groups = find_claim(claims, provider.groups_claim)
    if isinstance(groups, str):
        groups = [groups]
    return Identity(
        subject=str(claims["sub"]),
        mail=mail,
        mail_verified=find_claim(claims, "email_verified") is True,
        name=str(name)[:200],
        groups=tuple(each for each in groups or () if isinstance(each, str)),
    )


def find_claim(claims: Fields[str, Any], name: str) -> Any:
    """Return a claim: by its exact name, by a path with dots, or one level down in ``claims``.

    Directories differ in where they put what was configured: at the top, in an object of their
    own, or below ``claims``.
    """
    for top in (claims, claims.get("claims")):
        if not isinstance(top, dict):
            continue
        if name in top:
            return top[name]
        value: Any = top
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def refused(message: str) -> UnauthenticatedError:
    """Return the error for a login that is not accepted."""
    return UnauthenticatedError(
        message, next_step="Begin again from the login page.", code="oidc.refused"
    )


def _away(issuer: str, said: str) -> UnavailableError:
    return UnavailableError(
        f"The directory {issuer} cannot be used now: {said}.",
        next_step="Try again in a moment; an administrator can check its settings.",
        code="oidc.unavailable",
    )
