# SPDX-License-Identifier: Apache-2.0
"""Reads TensorFlow graphs written in protobuf's text format (``saved_model.pbtxt``, ``*.pbtxt``).

Only what a judge of operations needs is taken from the text: nodes with their operation, inputs and
strings, and the names of library functions. Adjacent string literals are one string, as the
Protocol Buffers text format specification says.
"""

from __future__ import annotations

import re

from steelyard.artifacts.tensorflow import CARRIERS, GraphModel, Node, Scope, Wanted
from steelyard.kernel.errors import ArtifactError, LimitExceeded

# A string that is not closed is taken to the end of its line, so that no quote is read twice.
_TOKEN = re.compile(
    r"#[^\n]*|(\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?)|([A-Za-z_]\w*)|([{}<>])|[^\s\w]|\w+"
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_NODES_KEPT = 200_000
_LISTS_KEPT = 64
_DEPTH = 256
_NODE = ("node", "node_def")


def read_graph_text(text: str, wanted: Wanted) -> GraphModel:
    """Return the graph written in ``text``.

    Raises:
        ArtifactError: it has no nodes or its braces do not match.
        LimitExceeded: it nests too deep or has too many nodes.
    """
    reader = _TextReader(wanted)
    for found in _TOKEN.finditer(text):
        literal, word, brace = found.groups()
        if literal:
            reader.literal(literal[1:-1])
        elif word:
            reader.end_literal()
            reader.key = word
        elif brace in ("{", "<"):
            reader.end_literal()
            reader.open(found.start())
        elif brace:
            reader.end_literal()
            reader.close(found.start())
    reader.end_literal()
    if not reader.model.ops:
        raise ArtifactError("The text holds no TensorFlow graph.")
    return reader.model


class _TextReader:
    """Follows the nesting of blocks and gathers the strings of the node it is in."""

    def __init__(self, wanted: Wanted) -> None:
        self.model = GraphModel("graph", graphs=1, scopes=[Scope("")])
        self.key = ""
        self._wanted = wanted
        self._stack: list[str] = []
        self._pending: list[str] = []
        self._kept = 0
        self._attribute = ""
        self._start()

    def _start(self) -> None:
        self._name = self._op = ""
        self._inputs: list[str] = []
        self._strings: dict[str, list[str]] = {}

    def open(self, at: int) -> None:
        if len(self._stack) >= _DEPTH:
            raise LimitExceeded("The text is nested too deep.", offset=at)
        self._stack.append(self.key)
        if self.key in _NODE:
            self._start()
        elif self.key == "meta_graphs":
            self.model.kind = "saved-model"
        self.key = ""

    def close(self, at: int) -> None:
        if not self._stack:
            raise ArtifactError("A brace is closed that was not opened.", offset=at)
        if self._stack.pop() in _NODE:
            self._node()

    def literal(self, body: str) -> None:
        self._pending.append(_ESCAPE.sub(_unescape, body) if "\\" in body else body)

    def end_literal(self) -> None:
        """Put a finished string where it belongs."""
        if not self._pending:
            return
        text, self._pending = "".join(self._pending)[:4096], []
        block = self._stack[-1] if self._stack else ""
        if block in _NODE:
            if self.key == "op":
                self._op = text
            elif self.key == "name":
                self._name = text
            elif self.key == "input" and len(self._inputs) < _LISTS_KEPT:
                self._inputs.append(text)
        elif self.key == "key":
            self._attribute = text
        elif self.key in ("s", "string_val") or (self.key == "name" and block == "func"):
            kept = self._strings.setdefault(self._attribute, [])
            if len(kept) < _LISTS_KEPT:
                kept.append(text)
        elif self.key == "name" and block == "signature":
            self.model.functions.add(text)
        elif self.key == "filename" and block == "asset_file_def":
            self.model.assets[f"#{len(self.model.assets)}"] = text

    def _node(self) -> None:
        self.model.ops[self._op] += 1
        if len(self.model.ops) > _NODES_KEPT:
            raise LimitExceeded("The model uses too many different operations.")
        if self._op not in CARRIERS and not self._wanted(self._op):
            return
        self._kept += 1
        if self._kept > _NODES_KEPT:
            raise LimitExceeded("The graph has too many nodes that pass strings on.")
        strings = {key: tuple(value) for key, value in self._strings.items()}
        node = Node(name=self._name, op=self._op, inputs=tuple(self._inputs), strings=strings)
        self.model.scopes[0].add(node)


def _unescape(found: re.Match[str]) -> str:
    octal, hexadecimal, plain = found.groups()
    if octal:
        return chr(int(octal, 8) & 0xFF)
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    return _SIMPLE.get(plain, plain)
