# SPDX-License-Identifier: Apache-2.0
"""Reads TensorFlow graphs from the wire format: SavedModel, MetaGraphDef and GraphDef messages.

Field numbers are those of TensorFlow's public ``saved_model.proto``, ``meta_graph.proto``,
``graph.proto``, ``function.proto`` and ``attr_value.proto``. Every node of every graph and every
library function is counted; only the nodes a judge asks for, and those that carry strings to them,
are kept. Tensor bytes are stepped over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import Struct

from steelyard.artifacts.protobuf import BYTES, VARINT, Field, WireReader
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

DTYPES = {1: "F32", 2: "F64", 3: "I32", 4: "U8", 5: "I16", 6: "I8", 7: "STRING", 8: "C64",
          9: "I64", 10: "BOOL", 14: "BF16", 17: "U16", 18: "C128", 19: "F16", 22: "U32",
          23: "U64"}  # fmt: skip
MAPPERS = frozenset({
    "FlatMapDataset", "InterleaveDataset", "LegacyParallelInterleaveDatasetV2", "MapDataset",
    "ParallelInterleaveDataset", "ParallelInterleaveDatasetV2", "ParallelInterleaveDatasetV3",
    "ParallelInterleaveDatasetV4", "ParallelMapDataset", "ParallelMapDatasetV2",
})  # fmt: skip
"""Operations that hand what comes in to the function in their attribute ``f``."""
CARRIERS = MAPPERS | frozenset({
    "RepeatDataset", "ShuffleDataset", "ShuffleDatasetV2", "ShuffleDatasetV3", "TakeDataset",
    "SkipDataset", "ConcatenateDataset", "ZipDataset", "FilterDataset", "PrefetchDataset",
    "ShardDataset", "OptionsDataset", "BatchDataset", "BatchDatasetV2",
    "Const", "Identity", "IdentityN", "Placeholder", "PlaceholderWithDefault", "StringJoin", "Pack",
    "Concat", "ConcatV2", "Reshape", "ExpandDims", "Squeeze", "Select", "SelectV2",
    "ShardedFilename", "ShardedFilespec", "TensorDataset", "TensorSliceDataset", "AsString",
    "StringFormat", "Substr", "RegexReplace", "StaticRegexReplace", "DecodeBase64", "Switch",
    "Merge", "Enter", "PartitionedCall", "StatefulPartitionedCall", "HostConst", "Snapshot",
    "StringStrip", "StringLower", "StringUpper", "GatherV2", "Fill", "Tile", "BroadcastTo",
})  # fmt: skip
"""Operations a constant string passes through on its way to one that opens a file."""
_INPUTS_KEPT = 16
_STRINGS_KEPT = 64
_TEXT = 4096
_KEPT = 10_000
"""Different operation names, assets, functions and objects kept."""
_NODES_KEPT = 500_000


class Node(Struct, frozen=True, kw_only=True):
    """One node that was kept: inputs as written (``name``, ``name:0``, ``^control``)."""

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    strings: dict[str, tuple[str, ...]] = {}
    """String-valued attributes, among them ``value`` of a constant and names of functions."""
    large: dict[str, tuple[int, int]] = {}
    """Place and length of string attributes too long to keep."""


@dataclass(slots=True)
class Scope:
    """The nodes of one graph or library function; ``function`` is empty for a graph."""

    function: str
    arguments: list[str] = field(default_factory=list)
    """Names of the function's arguments, in order."""
    nodes: dict[str, Node] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Keep a node, also one that takes the name of another."""
        taken = node.name in self.nodes
        self.nodes[f"{node.name} #{len(self.nodes)}" if taken else node.name] = node


@dataclass(slots=True)
class GraphModel:
    """What one file holds; ``kind`` is ``saved-model``, ``meta-graph`` or ``graph``."""

    kind: str
    ops: Counter[str] = field(default_factory=Counter)
    functions: set[str] = field(default_factory=set)
    scopes: list[Scope] = field(default_factory=list)
    assets: dict[str, str] = field(default_factory=dict)
    """Name of the tensor that carries the path, to the file name under ``assets``."""
    saver_inputs: set[str] = field(default_factory=set)
    """Nodes that carry the prefix of the checkpoint, as the saver definitions name them."""
    objects: list[tuple[str, Field]] = field(default_factory=list)
    """Identifier and metadata of the objects users saved (Keras layers among them)."""
    version: str = ""
    tensors: int = 0
    parameters: int = 0
    dtypes: set[str] = field(default_factory=set)
    graphs: int = 0


Wanted = Callable[[str], bool]


def read_graph(source: Source, kind: str, limits: Limits, wanted: Wanted) -> GraphModel:
    """Return the structure of ``source``; nodes whose operation is ``wanted`` are kept.

    Raises:
        ArtifactError: it is not such a message or holds no graph.
        LimitExceeded: it nests too deep or is too large to be walked.
    """
    reader = WireReader(source, limits)
    walker = _Walker(reader, GraphModel(kind), wanted)
    whole = Field(0, BYTES, 0, 0, source.size)
    if kind == "graph":
        walker.graph(whole, 0)
    elif kind == "meta-graph":
        walker.meta_graph(whole, 0)
    else:
        for part in reader.fields(0, source.size):
            if part.number == 2 and part.wire == BYTES:
                walker.meta_graph(part, 1)
    if not walker.model.graphs:
        raise ArtifactError("The message holds no TensorFlow graph.")
    return walker.model


def object_metadata(source: Source, place: Field) -> bytes:
    """Return the metadata text of a saved object, at most 16 MiB of it."""
    return source.read_at(place.start, min(place.length, 16 * 1024 * 1024))


class _Walker:
    """Descends into meta graphs, graphs, functions and nodes."""

    def __init__(self, reader: WireReader, model: GraphModel, wanted: Wanted) -> None:
        self._reader = reader
        self.model = model
        self._wanted = wanted
        self._kept = 0

    def meta_graph(self, message: Field, depth: int) -> None:
        for part in self._reader.inside(message, depth):
            if part.wire != BYTES:
                continue
            if part.number == 1:
                self._info(part, depth + 1)
            elif part.number == 2:
                self.graph(part, depth + 1)
            elif part.number == 3:
                self._saver(part, depth + 1)
            elif part.number == 6:
                self._asset(part, depth + 1)
            elif part.number == 7:
                self._objects(part, depth + 1)

    def graph(self, message: Field, depth: int) -> None:
        scope = Scope("")
        self.model.graphs += 1
        self.model.scopes.append(scope)
        for part in self._reader.inside(message, depth):
            if part.wire != BYTES:
                continue
            if part.number == 1:
                self._node(part, scope, depth + 1)
            elif part.number == 2:
                for function in self._reader.inside(part, depth + 1):
                    if function.number == 1:
                        self._function(function, depth + 2)

    def _info(self, message: Field, depth: int) -> None:
        for part in self._reader.inside(message, depth):
            if part.number == 5 and part.wire == BYTES:
                self.model.version = self._reader.text(part, 100)

    def _saver(self, message: Field, depth: int) -> None:
        for part in self._reader.inside(message, depth):
            if part.number == 1 and part.wire == BYTES and len(self.model.saver_inputs) < _KEPT:
                self.model.saver_inputs.add(node_of(self._reader.text(part)))

    def _asset(self, message: Field, depth: int) -> None:
        tensor = filename = ""
        for part in self._reader.inside(message, depth):
            if part.number == 1:
                for name in self._reader.inside(part, depth + 1):
                    if name.number == 1 and name.wire == BYTES:
                        tensor = node_of(self._reader.text(name))
            elif part.number == 2:
                filename = self._reader.text(part)
        if len(self.model.assets) >= _KEPT:
            raise LimitExceeded("The model names too many assets.", offset=message.start)
        self.model.assets[tensor or f"#{len(self.model.assets)}"] = filename

    def _objects(self, message: Field, depth: int) -> None:
        for node in self._reader.inside(message, depth):
            if node.number != 1:
                continue
            for kind in self._reader.inside(node, depth + 1):
                if kind.number == 4:
                    self._user_object(kind, depth + 2)

    def _user_object(self, message: Field, depth: int) -> None:
        identifier, metadata = "", None
        for part in self._reader.inside(message, depth):
            if part.number == 1:
                identifier = self._reader.text(part, 200)
            elif part.number == 3 and part.length:
                metadata = part
        if metadata is None:
            return
        if len(self.model.objects) >= _KEPT:
            raise LimitExceeded("The model describes too many objects.", offset=message.start)
        self.model.objects.append((identifier, metadata))

    def _function(self, message: Field, depth: int) -> None:
        scope = Scope("")
        for part in self._reader.inside(message, depth):
            if part.number == 1:
                self._signature(part, scope, depth + 1)
            elif part.number == 3:
                self._node(part, scope, depth + 1)
        if len(self.model.functions) >= 100 * _KEPT:
            raise LimitExceeded("The library has too many functions.", offset=message.start)
        self.model.functions.add(scope.function)
        if scope.nodes:
            self.model.scopes.append(scope)

    def _signature(self, message: Field, scope: Scope, depth: int) -> None:
        for part in self._reader.inside(message, depth):
            if part.number == 1 and part.wire == BYTES:
                scope.function = self._reader.text(part, 500)
            elif part.number == 2 and len(scope.arguments) < _INPUTS_KEPT:
                names = [item for item in self._reader.inside(part, depth + 1) if item.number == 1]
                scope.arguments.append(self._reader.text(names[0], 500) if names else "")

    def _node(self, message: Field, scope: Scope, depth: int) -> None:
        name = op = ""
        inputs: list[Field] = []
        attributes: list[Field] = []
        for part in self._reader.inside(message, depth):
            if part.number == 1:
                name = self._reader.text(part, 1000)
            elif part.number == 2:
                op = self._reader.text(part, 200)
            elif part.number == 3 and len(inputs) < _INPUTS_KEPT:
                inputs.append(part)
            elif part.number == 5:
                attributes.append(part)
        ops = self.model.ops
        if op not in ops and len(ops) >= _KEPT:
            raise LimitExceeded("The model uses too many different operations.")
        ops[op] += 1
        carrier = op in CARRIERS
        if not carrier and not self._wanted(op):
            return
        strings: dict[str, tuple[str, ...]] = {}
        large: dict[str, tuple[int, int]] = {}
        for part in attributes:
            self._attribute(part, strings, large, depth + 1)
        if op in ("Const", "HostConst") and "value" not in strings:
            return  # numbers: what they are was counted
        self._kept += 1
        if self._kept > _NODES_KEPT:
            raise LimitExceeded("The graph has too many nodes that pass strings on.")
        texts = tuple(self._reader.text(part, 1000) for part in inputs)
        scope.add(Node(name=name, op=op, inputs=texts, strings=strings, large=large))

    def _attribute(
        self,
        message: Field,
        strings: dict[str, tuple[str, ...]],
        large: dict[str, tuple[int, int]],
        depth: int,
    ) -> None:
        """Keep the strings of one entry of the attribute map."""
        key = ""
        for part in self._reader.inside(message, depth):
            if part.number == 1:
                key = self._reader.text(part, 200)
            elif part.number == 2 and part.wire == BYTES:
                found: list[str] = []
                self._value(part, key, found, large, depth + 1)
                if found:
                    strings[key] = tuple(found)

    def _value(
        self,
        message: Field,
        key: str,
        found: list[str],
        large: dict[str, tuple[int, int]],
        depth: int,
    ) -> None:
        for part in self._reader.inside(message, depth):
            if part.wire != BYTES or len(found) >= _STRINGS_KEPT:
                continue
            if part.number == 2:
                found.append(self._reader.text(part, _TEXT))
                if part.length > _TEXT:
                    large[key] = (part.start, part.length)
            elif part.number == 1:
                self._list(part, found, depth + 1)
            elif part.number == 8:
                self._tensor(part, found, depth + 1)
            elif part.number == 10:
                self._function_name(part, found, depth + 1)

    def _list(self, message: Field, found: list[str], depth: int) -> None:
        for part in self._reader.inside(message, depth):
            if part.wire != BYTES or len(found) >= _STRINGS_KEPT:
                continue
            if part.number == 2:
                found.append(self._reader.text(part, _TEXT))
            elif part.number == 9:
                self._function_name(part, found, depth + 1)

    def _function_name(self, message: Field, found: list[str], depth: int) -> None:
        found += [
            self._reader.text(part, 500)
            for part in self._reader.inside(message, depth)
            if part.number == 1 and part.wire == BYTES
        ]

    def _tensor(self, message: Field, found: list[str], depth: int) -> None:
        kind = 0
        shape: list[int] = []
        for part in self._reader.inside(message, depth):
            if part.number == 1 and part.wire == VARINT:
                kind = part.value
            elif part.number == 2:
                shape = self._shape(part, depth + 1)
            elif part.number == 8 and part.wire == BYTES and len(found) < _STRINGS_KEPT:
                found.append(self._reader.text(part, _TEXT))
        if kind == 7:
            return
        self.model.tensors += 1
        self.model.parameters += min(elements_of(shape), 2**53)
        if kind in DTYPES:
            self.model.dtypes.add(DTYPES[kind])

    def _shape(self, message: Field, depth: int) -> list[int]:
        shape: list[int] = []
        for part in self._reader.inside(message, depth):
            if part.number == 2 and len(shape) < 64:
                sizes = [item for item in self._reader.inside(part, depth + 1) if item.number == 1]
                size = sizes[0].value if sizes else 0
                shape.append(size if size < 2**63 else 0)
        return shape


def node_of(tensor: str) -> str:
    """Return the node a tensor name such as ``^a``, ``a:0`` or ``a:output:0`` stands for."""
    return tensor.removeprefix("^").partition(":")[0]
