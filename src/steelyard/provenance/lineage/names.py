# SPDX-License-Identifier: Apache-2.0
"""Reads the many ways to name a model: ``org/name``, with revision, as address, path or purl."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

MOST = 300
"""Characters of a name that are kept."""
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_REPOSITORY = re.compile(rf"\A(?:{_PART}/)?{_PART}\Z")
_ADDRESS = re.compile(r"\A(?:https?://)?(?P<host>[A-Za-z0-9.-]{1,100})/(?P<path>[^\s?#]*)")
_SCHEME = re.compile(r"\A(?:https?://|www\.)")
_HUBS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_CACHED = re.compile(
    rf"(?:\A|[/\\])(?P<kind>models|datasets)--(?P<id>{_PART})"
    r"(?:[/\\]snapshots[/\\](?P<revision>[0-9a-f]{40}))?"
)
_PATH = re.compile(r"\A(?:[/~\\]|\.{1,2}(?:[/\\]|\Z)|[A-Za-z]:[/\\]|file:)|\\")
_WEIGHTS = re.compile(r"(?i)\.(?:safetensors|ckpt|pth?|bin|gguf|onnx|h5|npz)\Z")
_FOLDERS = frozenset(
    ["models", "model", "output", "outputs", "checkpoint", "checkpoints", "ckpt", "ckpts",
     "results", "data", "tmp", "home", "content", "workspace", "root", "mnt", "out", "runs",
     "weights", "pretrained", "saves", "experiments"]
)  # fmt: skip
"""First parts that look like an owner but are usually a folder on somebody's machine."""
_REVISION = re.compile(r"\A[\w./-]{1,100}\Z")
_COMMIT = re.compile(r"\A[0-9A-Fa-f]{40}\Z")


class Reference(Struct, frozen=True):
    """What a text names. ``form``: ``hub`` (``org/name``), ``name`` (one word, perhaps an old hub
    name), ``url`` (an address elsewhere), ``path`` (a place on somebody's machine), ``none``."""

    form: Literal["hub", "name", "url", "path", "none"]
    name: str = ""
    revision: str = ""
    dataset: bool = False


NOTHING = Reference("none")


def read_reference(text: str) -> Reference:
    """Return what ``text`` names; linear, never raises."""
    text = text.strip().strip("\"'`<>")[:MOST]
    if not text or text.lower() in {"none", "null", "n/a", "unknown", "scratch", "from scratch"}:
        return NOTHING
    cached = _CACHED.search(text)
    if cached:
        owner_and_name = cached["id"].replace("--", "/", 1)
        return Reference(
            "hub", owner_and_name, cached["revision"] or "", cached["kind"] == "datasets"
        )
    if text.startswith("pkg:huggingface/"):
        return _hub(text.removeprefix("pkg:huggingface/").partition("?")[0])
    for scheme in ("hf://", "hf:", "huggingface://"):
        if text.lower().startswith(scheme):
            return _of_hub(text[len(scheme) :].strip("/").split("/"))
    if _SCHEME.match(text) or text.lower().startswith(("huggingface.co/", "hf.co/")):
        return _address(text)
    if _PATH.search(text) or _WEIGHTS.search(text):
        return _path(text)
    return _hub(text)


def hub_purl(name: str, revision: str = "") -> str:
    """Return the package URL of ``org/name``; commits are written in lower case, as its rules say.

    Empty for what is no hub name.
    """
    if not _REPOSITORY.match(name):
        return ""
    return f"pkg:huggingface/{name}" + (f"@{canonical_revision(revision)}" if revision else "")


def canonical_revision(revision: str) -> str:
    """Return a commit in lower case; branches and tags as they are."""
    return revision.lower() if _COMMIT.match(revision) else revision


def identity(name: str) -> str:
    """Return the key under which names count as the same.

    Package URLs of the hub are case sensitive, people are not: a query that misses a derived model
    for a capital letter would be worse than one that shows a namesake.
    """
    return name.strip().casefold()


def base_name(name: str) -> str:
    """Return the last part of a name, letters and digits only: for comparing titles with names."""
    return re.sub(r"[^a-z0-9]", "", name.rpartition("/")[2].casefold())


def _hub(text: str) -> Reference:
    name, _, revision = text.partition("@")
    name = name.strip().rstrip("/")
    if not _REPOSITORY.match(name):
        return _path(text) if "/" in text else Reference("name", text)
    if name.partition("/")[0].lower() in _FOLDERS and "/" in name:
        return _path(text)
    revision = revision.strip()
    return Reference("hub" if "/" in name else "name", name, _pinned(revision))


def _pinned(revision: str) -> str:
    """Return a revision that says something: the default branch is whatever is there today."""
    if revision in ("main", "master") or not _REVISION.match(revision):
        return ""
    return canonical_revision(revision)


def _address(text: str) -> Reference:
    found = _ADDRESS.match(_SCHEME.sub("", text))
    if found is None:
        return Reference("url", text)
    host, parts = found["host"].lower(), found["path"].strip("/").split("/")
    if host not in _HUBS:
        return Reference("url", f"{host}/{'/'.join(parts)}".rstrip("/"))
    return _of_hub(parts)


def _of_hub(parts: list[str]) -> Reference:
    """Return what the path of a hub address names: ``[datasets/]org/name[/tree/revision]``."""
    if parts[:2] == ["api", "models"] or parts[:2] == ["api", "datasets"]:
        parts = parts[1:]
    dataset = parts[0] == "datasets"
    if parts[0] in ("datasets", "models", "spaces"):
        parts = parts[1:]
    revision = ""
    for at, word in enumerate(parts[:3]):
        if word in ("tree", "blob", "resolve", "raw", "commit") and at:
            revision = "/".join(parts[at + 1 : at + 2])
            parts = parts[:at]
            break
    name, _, pinned = "/".join(parts[:2]).partition("@")
    name = name.partition(":")[0]  # hf.co/org/name:Q4_K_M names one file of a repository
    if not _REPOSITORY.match(name):
        return NOTHING
    form: Literal["hub", "name"] = "hub" if "/" in name else "name"
    return Reference(form, name, _pinned(revision or pinned), dataset)


def _path(text: str) -> Reference:
    parts = [part for part in re.split(r"[/\\]", text) if part.strip(". ")]
    return Reference("path", parts[-1] if parts else "")
