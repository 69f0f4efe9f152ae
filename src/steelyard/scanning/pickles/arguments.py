# SPDX-License-Identifier: Apache-2.0
"""Judges calls by what they are handed: watched names, and unknown functions given text."""

from __future__ import annotations

import re
from typing import Any

from steelyard.artifacts.pickle import Span
from steelyard.kernel.finding import Severity
from steelyard.scanning.pickles.interpreter import WATCHED
from steelyard.scanning.pickles.names import (
    carries_code,
    dangerous_names,
    does_something,
    is_allowed,
    why_dangerous,
)
from steelyard.scanning.pickles.values import Made, Name

Verdict = tuple[Severity | None, str]
GETTERS = {("builtins", "getattr"), ("__builtin__", "getattr")}
_SHELL = (
    r"(?:sh|bash|zsh|cmd|powershell|curl|wget|nc|ncat|python\d?|perl|ruby|id|whoami|touch|rm|cat|ls"
    r"|echo|calc|chmod|nohup|uname|sudo)"
)
_TELLS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern, re.IGNORECASE))
    for what, pattern in (
        ("a URL", r"\A[a-z][a-z0-9+.-]{1,15}://|\bhttps?://"),
        ("a path", r"\A(?:/|~|\.\.?/|[a-z]:\\|\\\\)[^\s]|(?:\A|/)\.\./"),
        (
            "a library or script",
            r"\.(?:so(?:\.\d{1,3}){0,3}|dll|dylib|exe|sh|bat|ps1|py|pyc|pkl|pickle|pth)\Z",
        ),
        ("a command", rf"\A\s*{_SHELL}(?:\Z|\s)|[;&|`]\s*{_SHELL}\b|\$\(|\s-[a-z]{{1,3}}\s"),
        (
            "code",
            r"__[a-z]+__|\b(?:import|exec|eval|lambda|def|print)\b[\s(:]|[a-z_]\(|\{\{|\{%",
        ),
    )
)
_DRESSED = (
    "__qualname__",
    "__module__",
    "__doc__",
    "__name__",
    "__annotations__",
    "__abstractmethods__",
)
_PRIVATE = re.compile(r"_[a-z]\w*")
_TEXT_MOST = 4096
_BYTES_MOST = 1 << 34
_RANGE_MOST = (1 << 40) - 1


def tells(arguments: Any) -> str:
    """Return what the first telling text among a call's arguments looks like, or "".

    Only short constants are looked at; bytes tell nothing but their length.
    """
    for argument in arguments if type(arguments) is tuple else ():
        if type(argument) is bytes and len(argument) <= _TEXT_MOST:
            argument = argument.decode("latin-1")
        if type(argument) is not str or len(argument) > _TEXT_MOST:
            continue
        if argument in dangerous_names().calls or argument in dangerous_names().modules:
            return f"the name {argument!r}"
        for what, pattern in _TELLS:
            if pattern.search(argument):
                return f"{what}: {argument[:60]!r}"
    return ""


def unknown_call_why(name: Name) -> str:
    """Return why a called unknown function is plainly harmful, or "".

    A path, an address, a command or code is what gadgets are handed and reducers never are; a
    function that says it acts on what it is handed and is handed text or bytes is one too.
    """
    for arguments in name.samples:
        told = tells(arguments)
        if told:
            return f"is handed {told}"
    verb = "" if name.name.lstrip("_")[:1].isupper() else does_something(name.name)
    for arguments in name.samples if verb else ():
        handed = arguments if type(arguments) is tuple else ()
        if any(type(argument) in (str, bytes, Span) for argument in handed):
            return f"acts on text it is handed ({verb})"
    return ""


def prepared(target: Any) -> Verdict:
    """Judge what a call will call in turn: the target is then judged as called itself."""
    if type(target) is not Name:
        return Severity.HIGH, "Loading prepares a call of something that cannot be known."
    if (target.module, target.name) in WATCHED:
        return Severity.CRITICAL, f"Loading calls {target.dotted} behind another call."
    target.called = True
    return None, ""


def handed_on(arguments: tuple[Any, ...]) -> Verdict:
    """A watched name must not be passed on: whoever gets it could call it unwatched."""
    for argument in arguments:
        if type(argument) is Name and argument.name in ("getattr", "attrgetter", "partial"):
            return Severity.HIGH, f"Loading hands {argument.dotted} to another call."
    return None, ""


def getattr_verdict(arguments: tuple[Any, ...]) -> Verdict:
    """Judge ``getattr(base, name)``: an ordinary attribute of an honest object is harmless."""
    base, attribute = arguments[0] if arguments else None, arguments[1:2]
    if not attribute or type(attribute[0]) is not str:
        return Severity.CRITICAL, "Loading looks up a computed attribute."
    name = attribute[0]
    method = _PRIVATE.fullmatch(name) and _is_instance(base)
    if (name.startswith("_") and not method) or name in dangerous_names().calls:
        return Severity.CRITICAL, f"Loading looks up the attribute {name!r}."
    if type(base) is Name:
        if is_allowed(base.module, base.name):
            return None, ""
        why = why_dangerous(base.module, base.name)
        if why:
            return Severity.CRITICAL, f"Loading reaches {base.dotted}.{name}, which {why}."
        return Severity.HIGH, f"Loading reaches {base.dotted}.{name}."
    if _is_instance(base):
        return None, ""
    return Severity.HIGH, f"Loading looks up {name!r} on an object that cannot be known."


def constructor_verdict(arguments: tuple[Any, ...]) -> Verdict:
    """Judge NumPy's constructors of generators, which call the class or function handed to them."""
    for argument in arguments:
        if type(argument) is Name and not argument.module.startswith("numpy.random."):
            argument.called = True
            why = why_dangerous(argument.module, argument.name)
            if why:
                return Severity.CRITICAL, f"Loading calls {argument.dotted}, which {why}."
            return Severity.HIGH, f"Loading calls {argument.dotted} behind another call."
        origin = argument.origin if type(argument) is Made else None
        if type(argument) is Made and not (origin and origin.module.startswith("numpy.random.")):
            return Severity.HIGH, "Loading calls something that another call returned."
    return None, ""


def size_verdict(name: str, arguments: tuple[Any, ...]) -> Verdict:
    """Judge calls that take as much memory, or go on as long, as a number says."""
    most = _RANGE_MOST if name.endswith("range") else _BYTES_MOST
    for argument in arguments:
        if type(argument) is int and abs(argument) > most:
            return Severity.CRITICAL, f"Loading calls {name} with {argument}: memory runs out."
    return None, ""


def text_verdict(arguments: tuple[Any, ...]) -> Verdict:
    """Judge ``str(bytes, encoding)``, which no pickler writes: it hides what the text is."""
    if len(arguments) > 1:
        return Severity.MEDIUM, "Loading decodes bytes into text that cannot be known."
    return None, ""


def _is_instance(base: Any) -> bool:
    """Tell whether an object was made by an honest class, so that its methods are honest too."""
    if type(base) is not Made or base.origin is None:
        return False
    key = (base.origin.module, base.origin.name)
    return is_allowed(*key) and key not in GETTERS


def setattr_verdict(arguments: tuple[Any, ...]) -> Verdict:
    """Judge ``setattr(base, name, value)``: dill dresses the classes it has just built with it."""
    base, name = (arguments[0], arguments[1]) if len(arguments) == 3 else (None, None)
    origin = base.origin if type(base) is Made else None
    if origin is not None and carries_code(origin.module, origin.name) and name in _DRESSED:
        return None, ""  # the code itself is judged elsewhere
    return Severity.CRITICAL, "Loading sets an attribute by a call, which reaches anything."


def attribute_verdict(arguments: tuple[Any, ...]) -> Verdict:
    """Judge ``operator.attrgetter(names...)``, which some honest pickles prepare."""
    for argument in arguments:
        if type(argument) is not str:
            return Severity.CRITICAL, "Loading looks up a computed attribute."
        parts = argument.split(".")
        if any(part.startswith("_") or part in dangerous_names().calls for part in parts):
            return Severity.CRITICAL, f"Loading looks up the attribute {argument!r}."
    return Severity.LOW, "Loading prepares an attribute look-up."
