# SPDX-License-Identifier: Apache-2.0
"""Finds the constant strings that reach an input of a TensorFlow node: which file it would open."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from steelyard.artifacts.tensorflow import MAPPERS, GraphModel, Node, Scope, node_of

_VISITED_MOST = 200
_STRINGS_MOST = 100
_STEPS_MOST = 1_000_000
"""Nodes visited for one file: tracing stays linear whatever the graph."""
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


@dataclass(slots=True)
class Reached:
    """Constants that reach an input; ``open`` where a caller supplies (part of) the value."""

    strings: list[str] = field(default_factory=list)
    open: bool = False


class Tracer:
    """Follows inputs backwards through the nodes that pass strings on, and through calls."""

    def __init__(self, model: GraphModel) -> None:
        self._assets = set(model.assets)
        self._saver = model.saver_inputs
        self._steps = 0
        self.cut = False
        """Some way was too long to be followed to its end."""
        self._callers: dict[str, list[tuple[Scope, Node]]] = defaultdict(list)
        for scope in model.scopes:
            for node in scope.nodes.values():
                calls = node.op in _CALLS or node.op in MAPPERS
                for function in node.strings.get("f", ()) if calls else ():
                    if len(self._callers[function]) < _VISITED_MOST:
                        self._callers[function].append((scope, node))

    def reach(self, scope: Scope, node: Node, index: int) -> Reached:
        """Return what reaches data input ``index`` of ``node``; nothing if it has no such input."""
        reached = Reached()
        inputs = [name for name in node.inputs if not name.startswith("^")]
        if index >= len(inputs):
            return reached
        todo = [(scope, inputs[index])]
        seen: set[tuple[int, str]] = set()
        while todo and len(seen) < _VISITED_MOST and self._steps < _STEPS_MOST:
            place, name = todo.pop()
            name = node_of(name)
            if (id(place), name) in seen:
                continue
            seen.add((id(place), name))
            self._steps += 1
            todo += self._step(place, name, reached)
        if todo:
            self.cut = reached.open = True
        return reached

    def _step(self, scope: Scope, name: str, reached: Reached) -> list[tuple[Scope, str]]:
        """Add what the node of this name brings, and return where to look next."""
        node = scope.nodes.get(name)
        if node is None:
            reached.open = True
            return self._arguments(scope, name)
        if name in self._saver or (not scope.function and name in self._assets):
            reached.open = True  # the loader puts the path of its own folder there
            return []
        if node.op in ("Const", "HostConst"):
            room = _STRINGS_MOST - len(reached.strings)
            reached.strings += [text for text in node.strings.get("value", ()) if _path(text)][
                :room
            ]
            return []
        if node.op.startswith("Placeholder"):
            reached.open = True
        return [(scope, item) for item in node.inputs if not item.startswith("^")]

    def _arguments(self, scope: Scope, name: str) -> list[tuple[Scope, str]]:
        """Return what the callers of a function pass for the argument of this name."""
        if not scope.function or name not in scope.arguments:
            return []
        at = scope.arguments.index(name)
        found: list[tuple[Scope, str]] = []
        for caller, node in self._callers.get(scope.function, ()):
            inputs = [item for item in node.inputs if not item.startswith("^")]
            if node.op in MAPPERS:
                # Elements of the data set and captured values: which is which does not matter.
                found += [(caller, item) for item in inputs]
            elif at < len(inputs):
                found.append((caller, inputs[at]))
        return found


def _path(text: str) -> bool:
    """Tell whether a constant could be a file name: not a serialized message or a long text."""
    return 0 < len(text) < 4096 and text.isprintable() and not text.startswith("^")
