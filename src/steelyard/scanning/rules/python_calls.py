# SPDX-License-Identifier: Apache-2.0
"""Folds calls of the functions that hide names and text: getattr, imports, decoders, joins."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from steelyard.scanning.rules.python_given import Given
from steelyard.scanning.rules.python_tables import (
    CREDENTIAL_PATH,
    NETWORK,
    PASSING,
    SOURCES,
    TOKEN_NAME,
)
from steelyard.scanning.rules.python_values import (
    ANY,
    DECODERS,
    MOST_ITEMS,
    Value,
    characters,
    constant,
    decode,
    decode_codec,
    marks_of,
    method,
    name,
)

if TYPE_CHECKING:
    from steelyard.scanning.rules.python_expressions import Expressions

_SAME = {"posix": "os", "nt": "os", "__builtin__": "builtins", "_pickle": "pickle",
         "cPickle": "pickle", "_io": "io"}  # fmt: skip
_TEXTS = frozenset({"builtins.str", "builtins.bytes", "builtins.bytearray", "builtins.list",
                    "builtins.tuple", "builtins.iter"})  # fmt: skip


def resolve_import(module: str, attribute: str) -> Value:
    """Return what ``from module import attribute`` binds."""
    dotted = f"{_SAME.get(module, module)}.{attribute}"
    source = SOURCES.get(dotted)
    return Value(names=frozenset({dotted}), marks=frozenset({source} if source else ()))


def fold_call(node: ast.AST, callee: Value, given: Given, flow: Expressions) -> Value | None:
    """Return what a call gives, or None if that is not followed."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        found = method(given.base, node.func.attr, given.args)
        if found is not None:
            return found
        if node.func.attr == "join":
            marks = marks_of(given.args)
            return Value(marks=marks) if marks else None
        if node.func.attr in ("decrypt", "deobfuscate"):
            return Value(marks=callee.marks | {"decoded"})
    for dotted in callee.names:
        found = _by_name(node, dotted, given, flow)
        if found is not None:
            return found
    return None


def _by_name(node: ast.AST, dotted: str, given: Given, flow: Expressions) -> Value | None:  # noqa: C901
    first = given.first()
    if dotted in DECODERS:
        return decode(dotted, first)
    if dotted == "builtins.getattr":
        return _getattr(given, flow)
    if dotted in ("builtins.__import__", "importlib.__import__", "importlib.import_module"):
        text = first.text
        if not text:
            return None
        return name(text.partition(".")[0] if dotted.endswith("__import__") else text)
    if dotted in ("operator.attrgetter", "operator.methodcaller") and first.text:
        return Value(names=frozenset({f"{dotted}:{first.text}"}))
    if dotted.startswith("operator.attrgetter:"):
        value = first
        for part in dotted.partition(":")[2].split("."):
            value = flow.attribute(value, part)
        return value
    if dotted.startswith("operator.methodcaller:"):
        return flow.apply(node, flow.attribute(first, dotted.partition(":")[2]), Given([ANY], {}))
    if dotted == "builtins.vars" and given.args:
        return Value(names=frozenset(f"{n}.__dict__" for n in first.names), fields=first.fields)
    if dotted == "builtins.chr":
        number = first.constant
        if isinstance(number, int) and 0 <= number < 0x110000:
            return constant(chr(number), first.marks | {"decoded"})
        return Value(marks=first.marks | {"decoded"})
    if dotted == "builtins.ord" and len(first.text) == 1:
        return constant(ord(first.text), first.marks)
    if dotted == "builtins.map" and len(given.args) == 2:
        return _map(given)
    if dotted == "builtins.bytes" and first.items is not None:
        numbers = [item.constant for item in first.items]
        if all(isinstance(n, int) and 0 <= n < 256 for n in numbers):
            return constant(bytes(numbers), marks_of([first]) | {"decoded"})  # type: ignore[arg-type]
    if dotted in _TEXTS and (first.constant is not None or first.items is not None):
        return first
    if dotted == "builtins.reversed" and first.text:
        return Value(items=tuple(constant(c) for c in first.text[:MOST_ITEMS][::-1]),
                     marks=first.marks | {"decoded"})  # fmt: skip
    if dotted in ("codecs.decode", "codecs.getdecoder()"):
        return decode_codec(first, given.at(1, "encoding").text or "rot13")
    if dotted in ("functools.partial",) and first.names:
        return Value(names=first.names, local=first.local)
    return _source(dotted, given)


def _source(dotted: str, given: Given) -> Value | None:
    first = given.first()
    names = frozenset({f"{dotted}()"})
    if dotted in ("os.getenv", "os.environ.get", "os.environ.pop"):
        marked = frozenset({"token"} if TOKEN_NAME.search(first.text) else ())
        return Value(names=names, marks=marked)
    if dotted in ("builtins.open", "io.open", "codecs.open"):
        marks = marks_of([first]) | {"file"}
        if CREDENTIAL_PATH.search(known_text(first)):
            marks |= {"credentials"}
        return Value(names=frozenset({"builtins.open()"}), marks=marks)
    if dotted in ("os.path.expanduser", "os.path.expandvars", "pathlib.Path", "pathlib.PurePath"):
        return Value(names=names, constant=first.constant, marks=first.marks, fields=first.fields)
    if dotted in ("os.path.join", "pathlib.Path().joinpath"):
        text = "/".join(known_text(item) for item in given.args)
        return Value(names=names, constant=text[:4096], marks=marks_of(given.args))
    if dotted == "pathlib.Path.home":
        return Value(names=frozenset({"pathlib.Path()"}), constant="~")
    if dotted in ("pathlib.Path().read_text", "pathlib.Path().read_bytes"):
        secret = CREDENTIAL_PATH.search(known_text(given.base))
        return Value(names=names, marks=frozenset({"file", *(["credentials"] if secret else [])}))
    if dotted in SOURCES:
        return Value(names=names, marks=frozenset({SOURCES[dotted]}))
    if dotted == "socket.socket":
        return Value(names=names, marks=frozenset({"socket"}))
    if NETWORK.match(dotted):
        return Value(names=names, marks=frozenset({"downloaded"}))
    if PASSING.match(dotted):
        return Value(names=names, marks=marks_of(given.all()), constant=_kept(dotted, first))
    return None


def _kept(dotted: str, first: Value) -> str | bytes | int | None:
    return first.constant if dotted in ("builtins.compile", "ast.parse", "os.fspath") else None


def known_text(value: Value) -> str:
    """Return the text of a value, or what is known of it when it was put together."""
    if value.text:
        return value.text
    hint = (value.fields or {}).get("text")
    return hint.text if hint is not None else ""


def _getattr(given: Given, flow: Expressions) -> Value:
    if len(given.args) < 2:
        return ANY
    text = given.args[1].text
    if not text:
        # The name is computed: the object alone says how far that reaches.
        marks = given.args[1].marks
        return Value(
            names=frozenset(f"{n}.?" for n in given.args[0].names if n in ("os", "subprocess",
                            "builtins", "sys", "importlib", "pty", "socket", "shutil"))
            if marks & {"decoded", "built", "downloaded", "input"} else frozenset(),
            marks=given.args[0].marks,
        )  # fmt: skip
    found = flow.attribute(given.args[0], text)
    hidden = given.args[1].marks & {"decoded", "built"}
    if hidden and found.names:
        return Value(names=found.names, marks=found.marks | {"hidden"}, local=found.local)
    return found


def _map(given: Given) -> Value | None:
    function, items = given.args
    if "builtins.chr" in function.names and items.items is not None:
        return characters(items.items, marks_of([items]) | {"decoded"})
    if "builtins.chr" in function.names:
        return Value(marks=marks_of([items]) | {"decoded"})
    return None
