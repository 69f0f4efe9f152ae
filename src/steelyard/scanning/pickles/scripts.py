# SPDX-License-Identifier: Apache-2.0
"""Looks at TorchScript source (members under ``code/``), token by token.

TorchScript is a small subset of Python that the compiler writes and torch's own parser reads: it
has no modules but ``__torch__`` and few operators that touch files. Strings and comments are left
out, so that a text which mentions ``torch.save`` is no finding, and white space, line breaks or
aliases around a name hide nothing.
"""

from __future__ import annotations

import re

from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination

_CODE_MOST = 4 * 1024 * 1024
_TOKEN = re.compile(
    rb"#[^\n]*+"
    rb"|\"\"\"(?:[^\\\"]|\\.|\"(?!\"\"))*+\"\"\"|'''(?:[^\\']|\\.|'(?!''))*+'''"
    rb"|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'"
    rb"|(?P<name>[A-Za-z_]\w*+(?:\s*+\.\s*+[A-Za-z_]\w*+)*+)"
    rb"|(?P<line>\n)|[^\S\n]++|.",
    re.DOTALL,
)
_FILE_WORDS = frozenset({b"save", b"load", b"from_file", b"_save", b"_load", b"load_library",
                         b"_save_to_file", b"read_file", b"write_file", b"_from_file",
                         b"fromfile", b"tofile", b"_load_for_lite_interpreter"})  # fmt: skip
_ROOTS = (b"torch", b"ops", b"aten", b"prim")
_PYTHON = frozenset({b"exec", b"eval", b"__import__", b"open", b"globals"})
_SAFE = "Ask the publisher for safetensors; whoever loads this file runs what it says."


def examine_script(context: Context, content: Source, into: Examination) -> None:
    """Examine one member of TorchScript source, at most 4 MiB of it."""
    if content.size > _CODE_MOST:
        into.gap(Coverage.PARTIAL, f"member {context.name}: more code than is read")
    text = content.read_at(0, _CODE_MOST)
    fresh, found = True, set()
    for token in _TOKEN.finditer(text):
        if token["line"]:
            fresh = True
        if token["name"] is None:
            continue
        words = [word.strip() for word in token["name"].split(b".")]
        calls = text[token.end() : token.end() + 20].lstrip()[:1] == b"("
        if words[0] in (b"import", b"from") and fresh:
            rule = _import(text, token.end())
        elif words[-1] in _FILE_WORDS and words[0] in _ROOTS and calls:
            rule = "torchscript.files"
        elif words[0] in _PYTHON and words == words[:1] and calls and _alone(text, token.start()):
            rule = "torchscript.import"
        else:
            rule = ""
        fresh = False
        if rule and rule not in found:
            found.add(rule)
            _report(context, rule, text, token.start(), into)


def _alone(text: bytes, at: int) -> bool:
    """Tell whether a name is no attribute: a module may have a method ``open`` of its own."""
    return not text[max(0, at - 20) : at].rstrip().endswith((b".", b"def"))


def _import(text: bytes, end: int) -> str:
    return "" if text[end : end + 40].lstrip().startswith(b"__torch__") else "torchscript.import"


def _report(context: Context, rule: str, text: bytes, at: int, into: Examination) -> None:
    files = rule == "torchscript.files"
    into.add(
        rule,
        Severity.CRITICAL if files else Severity.HIGH,
        "The TorchScript program reads or writes files when the model is used."
        if files
        else "The code imports or reaches Python, which no TorchScript compiler writes.",
        location=context.at(f"byte {at}"),
        evidence=text[at : at + 60].partition(b"\n")[0].decode("latin-1"),
        remedy=_SAFE,
    )
