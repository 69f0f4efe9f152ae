# SPDX-License-Identifier: Apache-2.0
"""Judges the names a pickle imports: allowed, dangerous or unknown.

The allow-list is primary: it is generated from what honest libraries write, as exact (module, name)
pairs, never whole modules. A name that is not on it is unknown, and an unknown name that is called
is already a reason for a person to look. The list of dangerous names only tells the plainly
malicious from the unknown, so forgetting one there never makes a file clean.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources

from msgspec import Struct

DATA_FILES = ("allowed.txt", "dangerous.toml")

_PYTHON2 = {"__builtin__": "builtins", "copy_reg": "copyreg", "exceptions": "builtins"}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_RECONSTRUCTORS = frozenset({
    ("copyreg", "_reconstructor"), ("copyreg", "__newobj__"), ("copyreg", "__newobj_ex__"),
})  # fmt: skip


class Dangerous(Struct, frozen=True):
    """The parsed list of dangerous names; values say what they let a pickle do."""

    modules: dict[str, str]
    names: dict[tuple[str, str], str]
    parts: frozenset[str]
    calls: frozenset[str]
    words: frozenset[str]


@functools.cache
def allowed_names() -> frozenset[tuple[str, str]]:
    """Return the pairs honest pickles import."""
    pairs = set(_RECONSTRUCTORS)
    for line in _read("allowed.txt").splitlines():
        if line and not line.startswith("#"):
            module, name, _ = line.split("\t")
            pairs.add((module, name))
    return frozenset(pairs)


@functools.cache
def dangerous_names() -> Dangerous:
    """Return the dangerous names."""
    data = tomllib.loads(_read("dangerous.toml"))
    through = data.pop("through")
    modules: dict[str, str] = {}
    names: dict[tuple[str, str], str] = {}
    for group in data.values():
        modules |= dict.fromkeys(group["modules"], group["why"])
        for dotted in group["names"]:
            module, _, name = dotted.rpartition(".")
            names[module, name] = group["why"]
    parts, calls, words = (frozenset(through[key]) for key in ("parts", "calls", "words"))
    return Dangerous(modules, names, parts, calls, words)


def is_allowed(module: str, name: str) -> bool:
    """Tell whether an honest library writes this very name."""
    return (module, name) in allowed_names() or (
        (_PYTHON2.get(module, module), name) in allowed_names()
    )


def why_dangerous(module: str, name: str) -> str:
    """Return what the name lets a pickle do, or "" when it is not known to be dangerous.

    White space is dropped and Python 2 names are translated first; submodules of a dangerous module
    are dangerous; so is a dangerous module or call reached through another module's imports.
    """
    module, name = module.strip(), name.strip()
    module = _PYTHON2.get(module, module)
    known = dangerous_names()
    exact = known.names.get((module, name)) or known.names.get((module, name.partition(".")[0]))
    if exact:
        return exact
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        why = known.modules.get(".".join(parts[:length]))
        if why:
            return why
    inner = [*parts[1:], *name.split(".")]
    # A private alias of a module (``collections._sys``) is the module.
    private = {part.lstrip("_") for part in name.split(".")[:-1]}
    if private & known.parts or any(part in known.parts for part in inner[:-1]):
        return "reaches a dangerous name through another module"
    if inner[-1] in known.calls:
        return "reaches a dangerous name through another module"
    return ""


def says_it(name: str) -> str:
    """Return what a called name says of itself: ``unsafe_eval`` evaluates, whoever wrote it.

    For names that are not allowed only, where the question is how bad an unknown call is.
    """
    words = {word.lower() for word in _WORDS.findall(name)}
    found = sorted(words & dangerous_names().words)
    return f"says itself what it does: {found[0]}" if found else ""


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
