# SPDX-License-Identifier: Apache-2.0
"""Asks a model hub what it says of a repository now: newest commit, license, gate, or that it is
gone.

One small answer is read and nothing is fetched. A hub with nothing new to say since the last time
says so (``304``); one that wants to be left alone says for how long (``429`` or ``503``).
"""

from __future__ import annotations

import datetime as dt
import email.utils
import os
import re
from typing import Any, Literal

import msgspec
from msgspec import Struct

from steelyard.kernel.errors import InputError

Presence = Literal["present", "gone", "disabled", "refused"]
TIMEOUT_SECONDS = 15.0
_ANSWER_MOST = 8 << 20
_LONGEST_WAIT = 86_400
_DEFAULT_WAIT = 300
_COMMIT = re.compile(r"\A[0-9a-f]{40}\Z")
_TEXT_MOST = 200
DEFAULT_HUB = "https://huggingface.co"


class Sight(Struct, frozen=True, kw_only=True):
    """What the hub says of a repository."""

    presence: Presence
    commit: str = ""
    license: str = ""
    """As the card declares it; several with commas."""
    gated: str = ""
    """Empty, ``auto`` or ``manual``."""
    etag: str = ""


class Waited(Exception):  # told to the watcher, never to people
    """The hub wants to be left alone for so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"The hub asks to wait {seconds} seconds.")
        self.seconds = seconds


def look(repository: str, etag: str = "") -> Sight | None:
    """Return what the hub says of ``repository``; None if nothing changed since ``etag``.

    Raises:
        Waited: it answers too many questions already.
        InputError: there is no client, the hub cannot be reached, or its answer makes no sense.
    """
    try:
        from huggingface_hub import utils
    except ImportError as error:
        raise InputError(
            "Asking a hub needs its client, which is not installed.",
            next_step="Install steelyard[hub] where the worker runs.",
            code="hub.no-client",
        ) from error
    client: Any = utils
    headers = {**client.build_hf_headers(), "accept": "application/json"}
    if etag:
        headers["if-none-match"] = etag
    base = (os.environ.get("HF_ENDPOINT") or DEFAULT_HUB).rstrip("/")
    try:
        with client.get_session().stream(
            "GET", f"{base}/api/models/{repository}", headers=headers, timeout=TIMEOUT_SECONDS
        ) as answer:
            return _read(repository, answer)
    except OSError as error:
        raise _unreachable(repository, error) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpx2", "httpcore"):
            raise
        raise _unreachable(repository, error) from error


def _read(repository: str, answer: Any) -> Sight | None:
    status, code = int(answer.status_code), answer.headers.get("x-error-code", "")
    if status == 304:
        return None
    if status in (429, 503):
        raise Waited(seconds_of(answer.headers.get("retry-after", "")))
    # A hub does not tell a stranger a repository that is gone from one that is private.
    if status in (404, 410) or code == "RepoNotFound":
        return Sight(presence="gone")
    if status in (401, 403, 451):
        return Sight(presence="disabled" if status == 451 else "refused")
    if status != 200:
        raise _strange(repository, f"it answered with the status {status}")
    data = b""
    for piece in answer.iter_bytes():
        data += piece
        if len(data) > _ANSWER_MOST:
            raise _strange(repository, "its answer is too large")
    return _sight(repository, data, answer.headers.get("etag", ""))


def _sight(repository: str, data: bytes, etag: str) -> Sight:
    try:
        said = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise _strange(repository, "its answer is no JSON object") from error
    commit = said.get("sha")
    if not isinstance(commit, str) or not _COMMIT.match(commit):
        raise _strange(repository, "it names no commit")
    gated = said.get("gated")
    return Sight(
        presence="disabled" if said.get("disabled") is True else "present",
        commit=commit,
        license=_license(said),
        gated=gated[:_TEXT_MOST] if isinstance(gated, str) else "manual" if gated else "",
        etag=etag[:_TEXT_MOST] if etag.isprintable() else "",
    )


def _license(said: dict[str, Any]) -> str:
    card = said.get("cardData")
    stated = card.get("license") if isinstance(card, dict) else None
    named = stated if isinstance(stated, list) else [stated]
    if isinstance(card, dict) and stated == "other" and isinstance(card.get("license_name"), str):
        named = [card["license_name"]]
    return ", ".join(str(each) for each in named if isinstance(each, str))[:_TEXT_MOST]


def seconds_of(retry_after: str, now: dt.datetime | None = None) -> int:
    """Return how long ``Retry-After`` asks to wait: seconds or a date; a while if it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return max(1, min(int(text[:9]), _LONGEST_WAIT))
    try:
        until = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return _DEFAULT_WAIT
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    left = (until - (now or dt.datetime.now(dt.UTC))).total_seconds()
    return max(1, min(int(left), _LONGEST_WAIT))


def _unreachable(repository: str, error: Exception) -> InputError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return InputError(
        f"The hub cannot be asked about {repository}: {reason[:300]}.",
        next_step="Check the network and HF_ENDPOINT of the worker; it tries again by itself.",
        code="hub.unreachable",
    )


def _strange(repository: str, why: str) -> InputError:
    return InputError(
        f"The hub said nothing of use about {repository}: {why}.",
        next_step="Check that HF_ENDPOINT names a model hub; the worker tries again by itself.",
        code="hub.strange",
    )
