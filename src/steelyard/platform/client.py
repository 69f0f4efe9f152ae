# SPDX-License-Identifier: Apache-2.0
"""A client of the server's API: who to be there, calls that may be repeated, errors of the house.

Every writing call carries a key, so that trying it again cannot do it twice. Problems (RFC 9457)
come back as the errors they were on the server, with their code and next step.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

import msgspec
import urllib3
from msgspec import Struct

from steelyard.kernel.errors import (
    BusyError,
    ConflictError,
    FieldErrors,
    ForbiddenError,
    InputError,
    IntegrityError,
    MissingError,
    StaleError,
    SteelyardError,
    UnauthenticatedError,
    UnavailableError,
    UndecidedError,
)
from steelyard.platform.durable import make_directory, replace_file, write_file

TRIES, WAIT_MOST = 5, 30.0
_BODY_MOST = 64 * 1024 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Profile(Struct, frozen=True, kw_only=True):
    """A server and the token to be somebody there."""

    url: str
    token: str


class Answer(Struct, frozen=True, kw_only=True):
    """What the server answered."""

    status: int
    body: Any
    version: int | None = None
    """Of the row, to send back with a change."""
    cookies: tuple[str, ...] = ()
    """``name=value`` of the cookie the server set, if it did."""


def profile_path(environ: Mapping[str, str]) -> Path:
    """Return where the profile lies (``XDG_CONFIG_HOME``, else ``~/.config``)."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "steelyard" / "profile.json"


def load_profile(environ: Mapping[str, str]) -> Profile:
    """Return the profile in use: ``STEELYARD_URL`` and ``STEELYARD_TOKEN``, else the stored one.

    Raises:
        InputError: there is none, or others may read the token.
    """
    url, token = environ.get("STEELYARD_URL"), environ.get("STEELYARD_TOKEN")
    if url and token:
        return Profile(url=server_url(url), token=token)
    path = profile_path(environ)
    try:
        if path.stat().st_mode & 0o077:
            raise InputError(
                f"Others may read {str(path)!r}, which holds a token.",
                next_step="Revoke that token, and log in again.",
                code="profile.mode",
            )
        return msgspec.json.decode(path.read_bytes(), type=Profile)
    except FileNotFoundError as error:
        raise InputError(
            "You are not logged in to a server.",
            next_step="Run `steelyard login URL`.",
            code="profile.missing",
        ) from error
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(
            f"{str(path)!r} cannot be read: {error}.",
            next_step="Run `steelyard login URL` again.",
            code="profile.unreadable",
        ) from error


def save_profile(profile: Profile, environ: Mapping[str, str]) -> Path:
    """Store the profile, readable by its owner only; return where.

    Raises:
        InputError: it cannot be written.
    """
    path = profile_path(environ)
    data = msgspec.json.format(msgspec.json.encode(profile)) + b"\n"
    try:
        make_directory(path.parent, 0o700)
        fresh = path.with_name(f".{path.name}.part")
        fresh.unlink(missing_ok=True)
        write_file(fresh, b"", 0o600)
        replace_file(path, data, ".part")  # the sibling is there already, with that mode
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be written: {error.strerror}.", code="output.unwritable"
        ) from error
    return path


def forget_profile(environ: Mapping[str, str]) -> None:
    """Take the stored profile away."""
    profile_path(environ).unlink(missing_ok=True)


def server_url(text: str, *, insecure: bool = False) -> str:
    """Return the address of a server without a slash at the end.

    Raises:
        InputError: it is none, or would send the token unprotected to another machine.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise InputError(
            f"{text[:100]!r} is not the address of a server.",
            next_step="Write it like https://steelyard.example.org.",
            code="profile.url",
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not insecure:
        raise InputError(
            "Without TLS everybody on the way could read your token.",
            next_step="Use https, or --insecure on a network you trust.",
            code="profile.insecure",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class Client:
    """Calls one server as one profile; may be used by one thread at a time."""

    def __init__(
        self,
        profile: Profile,
        *,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = 60.0,
    ) -> None:
        self.profile = profile
        self._headers = {"accept": "application/json", "user-agent": "steelyard-cli"}
        if profile.token:
            self._headers["authorization"] = f"Bearer {profile.token}"
        self._headers.update(headers or {})
        self._sleep = sleep
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=10.0, read=timeout), retries=False
        )

    @classmethod
    def here(cls) -> Client:
        """Return a client for the profile in use.

        Raises:
            InputError: nobody is logged in.
        """
        return cls(load_profile(os.environ))

    def get(self, path: str, **query: Any) -> Answer:
        """Read; ``path`` begins behind ``/api/v1``, arguments of None are left out."""
        return self.call("GET", path, query=query)

    def post(
        self, path: str, body: Any = None, *, key: str = "", version: int | None = None
    ) -> Answer:
        """Write, with a fresh key if none is given; ``version`` becomes ``If-Match``."""
        return self.call("POST", path, body=body, key=key, version=version)

    def patch(self, path: str, body: Any, *, version: int, key: str = "") -> Answer:
        """Change a row that was read at ``version``."""
        return self.call("PATCH", path, body=body, key=key, version=version)

    def put(self, path: str, body: Any = None, *, version: int | None = None) -> Answer:
        """Set something."""
        return self.call("PUT", path, body=body, version=version)

    def delete(self, path: str, *, version: int | None = None) -> Answer:
        """Take something away."""
        return self.call("DELETE", path, version=version)

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield every row of a list, page by page."""
        cursor: str | None = None
        while True:
            found = self.get(path, **query, cursor=cursor).body
            yield from found["items"]
            cursor = found.get("next")
            if not cursor:
                return

    def keep_cookies(self, answer: Answer) -> None:
        """Send the cookies of ``answer`` with every later call."""
        if answer.cookies:
            self._headers["cookie"] = "; ".join(answer.cookies)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str = "",
        version: int | None = None,
    ) -> Answer:
        """Call, again while the server is not available, and return what it answered.

        Raises:
            SteelyardError: what the server refused with.
            UnavailableError: it cannot be reached.
        """
        headers = dict(self._headers)
        if method != "GET":
            headers["idempotency-key"] = key or secrets.token_hex(16)
        if version is not None:
            headers["if-match"] = f'"{version}"'
        data = None
        if body is not None:
            data, headers["content-type"] = msgspec.json.encode(body), "application/json"
        url = self.profile.url + "/api/v1" + path + _query(query or {})
        for attempt in range(TRIES):
            try:
                return self._once(method, url, headers, data)
            except UnavailableError as error:
                if attempt == TRIES - 1 or error.retry_after > WAIT_MOST:
                    raise
                self._sleep(max(0.2 * 2**attempt, error.retry_after))
        raise AssertionError("unreachable")

    def send_file(self, path: str, file: Path) -> Answer:
        """Send a file as it is, in pieces; a repeated file is known by its digest.

        Raises:
            InputError: the file cannot be read.
            SteelyardError: what the server refused with.
        """
        headers = {**self._headers, "content-type": "application/octet-stream"}
        headers["idempotency-key"] = secrets.token_hex(16)
        try:
            headers["content-length"] = str(file.stat().st_size)
            with file.open("rb") as stream:
                return self._once("POST", self.profile.url + "/api/v1" + path, headers, stream)
        except OSError as error:
            raise InputError(
                f"{str(file)!r} cannot be read: {error.strerror}.",
                next_step="Check the path and its permissions.",
                code="input.unreadable",
            ) from error

    def _once(
        self, method: str, url: str, headers: dict[str, str], data: bytes | BinaryIO | None
    ) -> Answer:
        try:
            reply = self._pool.request(
                method, url, headers=headers, body=data, redirect=False, preload_content=False
            )
            try:
                content = reply.read(_BODY_MOST + 1)
            finally:
                reply.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise UnavailableError(
                f"{self.profile.url} cannot be reached: {_said(error)}.",
                next_step="Check the address and that the server runs.",
                code="server.unreachable",
                retry_after=0,
            ) from error
        return self._read(reply.status, reply.headers, content)

    def _read(self, status: int, headers: Mapping[str, str], content: bytes) -> Answer:
        kind = headers.get("content-type", "").partition(";")[0]
        body: Any = content
        if len(content) > _BODY_MOST:
            raise UndecidedError(
                f"The reply is larger than {_BODY_MOST // 2**20} MiB.",
                next_step="Fetch it with another client.",
                code="server.reply-size",
            )
        if kind.endswith("json"):
            try:
                body = msgspec.json.decode(content)
            except msgspec.DecodeError as error:
                raise _strange(status) from error
        if status < 300:
            tag = headers.get("etag", "").removeprefix("W/").strip('"')
            return Answer(
                status=status,
                body=body,
                version=int(tag) if tag.isdigit() else None,
                cookies=_cookies(headers),
            )
        if kind == "application/problem+json" and isinstance(body, dict):
            raise error_of(status, body, headers.get("retry-after", ""))
        if status in (502, 503, 504):
            raise UnavailableError(
                f"The server answers with {status}.",
                next_step="Try again in a moment.",
                code="server.unavailable",
                retry_after=_seconds(headers.get("retry-after", "")),
            )
        raise _strange(status)


def error_of(status: int, problem: dict[str, Any], retry_after: str = "") -> SteelyardError:
    """Return the error that a problem document tells of."""
    message = str(problem.get("detail", "The server refused."))
    step, code = str(problem.get("next_step", "")), str(problem.get("code", "server.refused"))
    faults = [
        (str(each["field"]), str(each.get("detail", "")))
        for each in problem.get("errors", ())
        if isinstance(each, dict) and each.get("field")
    ]
    error: SteelyardError
    if status == 422 and faults:
        error = FieldErrors(faults, next_step=step)
        error.code = code
        return error
    if status == 412:
        error = StaleError(message, current=problem.get("current"), next_step=step)
        error.code = code
        return error
    if status == 429:
        return BusyError(message, retry_after=_seconds(retry_after), code=code)
    if status == 503:
        return UnavailableError(
            message, next_step=step, code=code, retry_after=_seconds(retry_after)
        )
    kinds: dict[int, type[SteelyardError]] = {
        401: UnauthenticatedError,
        403: ForbiddenError,
        404: MissingError,
        409: ConflictError,
    }
    kind = kinds.get(status)
    if kind is None:
        kind = InputError if status < 500 else UndecidedError
        kind = (
            IntegrityError if status == 500 and code.startswith(("integrity", "ledger")) else kind
        )
    return kind(message, next_step=step, code=code)


def _cookies(headers: Mapping[str, str]) -> tuple[str, ...]:
    stated = headers.get("set-cookie", "")
    first = stated.partition(";")[0].strip()
    return (first,) if "=" in first else ()


def _query(query: Mapping[str, Any]) -> str:
    stated = {name: value for name, value in query.items() if value is not None}
    return f"?{urlencode(stated, doseq=True)}" if stated else ""


def _seconds(text: str) -> int:
    return min(int(text), 86_400) if text.isdigit() and len(text) < 9 else 1


def _strange(status: int) -> UndecidedError:
    return UndecidedError(
        f"What answers there is not a Steelyard server (status {status}).",
        next_step="Check the address.",
        code="server.strange",
    )


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).rpartition(": ")[2].rstrip(".") or type(error).__name__
