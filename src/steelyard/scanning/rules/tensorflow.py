# SPDX-License-Identifier: Apache-2.0
"""Examines TensorFlow graphs and checkpoints: operations that reach past the graph."""

from __future__ import annotations

import re
from collections import defaultdict

from steelyard.artifacts.source import BytesSource, Source
from steelyard.artifacts.tensorflow import (
    GraphModel,
    Node,
    Scope,
    object_metadata,
    read_graph,
)
from steelyard.kernel.finding import SEVERITY_ORDER, Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.places import judge_files
from steelyard.scanning.rules.tensorflow_ops import (
    Judged,
    is_addon,
    judged_ops,
    known_ops,
    path_severity,
    speaks_of_code,
)
from steelyard.scanning.rules.tensorflow_paths import Tracer

_KINDS = {"saved-model": "saved-model", "meta-graph": "meta-graph", "graph-def": "graph"}
_HOST_CALL = re.compile(
    rb"xla_(?:ffi_)?(?:partitioned_)?python_[a-z_]{0,40}callback|xla_python_\w{1,60}"
)
_LAMBDA = re.compile(r"\A__inference_(?:\w+_)?lambda(?:_\d+)?_layer_call")
_CHUNK = 1024 * 1024
_OBJECTS_MOST = 500
_REMEDY = "Do not run this graph; ask the publisher why it is there."


def wanted(op: str) -> bool:
    """Tell whether nodes of this operation have to be kept for judgement."""
    return op in judged_ops() or op == "XlaCallModule"


def examine_tensorflow(context: Context, source: Source, into: Examination) -> None:
    """Examine one SavedModel, MetaGraphDef or frozen GraphDef."""
    model = read_graph(source, _KINDS[context.format], into.limits, wanted)
    judge_graph(context, source, model, into)


def examine_tensorflow_text(context: Context, source: Source, into: Examination) -> None:
    """Examine a graph in protobuf's text format."""
    from steelyard.artifacts.tensorflow_text import read_graph_text

    most = into.limits.json_bytes
    if source.size > most:
        into.gap(Coverage.PARTIAL, context.at(f"only the first {most} bytes of text were read"))
    text = source.read_at(0, most).decode("utf-8", "replace")
    judge_graph(context, source, read_graph_text(text, wanted), into)


def examine_checkpoint_index(context: Context, source: Source, into: Examination) -> None:
    """Examine the index of a checkpoint."""
    from steelyard.artifacts.tensorflow_checkpoints import read_checkpoint_index

    index = read_checkpoint_index(source, into.limits)
    into.tensors += len(index.entries)
    for problem in index.problems:
        into.add(
            problem.code,
            Severity.HIGH,
            problem.message,
            location=context.at("checkpoint index"),
            remedy="Fetch the checkpoint again; if it is the same, do not load it.",
        )


def examine_checkpoint_data(context: Context, source: Source, into: Examination) -> None:
    """Note a data file of a checkpoint: loaders take raw tensors from it where the index says."""
    into.weights = True
    into.add(
        "tensorflow.checkpoint-data",
        Severity.INFO,
        f"{source.size} bytes of raw tensors of a checkpoint; only the index beside them says "
        "which. Loaders copy them into tensors and interpret nothing.",
        location=context.at(""),
    )


def judge_graph(context: Context, source: Source, model: GraphModel, into: Examination) -> None:
    """Report what the operations of a graph reach for."""
    into.tensors += model.tensors
    into.parameters += model.parameters
    into.dtypes |= model.dtypes
    into.weights = into.weights or model.parameters > 0
    _judge_known(context, source, model, into)
    _judge_unknown(context, model, into)
    judge_files(context, model.assets.values(), "tensorflow.asset-path", "asset_file_def", into)
    _judge_objects(context, source, model, into)


class _Gathered:
    """Nodes that do the same thing equally badly are one finding."""

    def __init__(self) -> None:
        self.count: dict[tuple[str, Severity], int] = defaultdict(int)
        self.first: dict[tuple[str, Severity], tuple[Judged, Scope, Node, str]] = {}

    def note(self, judged: Judged, severity: Severity, scope: Scope, node: Node, at: str) -> None:
        key = (node.op, severity)
        self.count[key] += 1
        if key not in self.first or (at and not self.first[key][3]):
            self.first[key] = (judged, scope, node, at)


def _judge_known(context: Context, source: Source, model: GraphModel, into: Examination) -> None:
    judged = judged_ops()
    tracer = Tracer(model)
    gathered = _Gathered()
    for scope in model.scopes:
        for node in scope.nodes.values():
            if node.op == "XlaCallModule":
                _judge_module(context, source, node, into)
            group = judged.get(node.op)
            if group is None:
                continue
            severity, evidence = _judge_node(group, scope, node, tracer)
            if severity is not None:
                gathered.note(group, severity, scope, node, evidence)
    if tracer.cut:
        into.gap(Coverage.PARTIAL, context.at("the name of a file could not be traced"))
    for (op, severity), (group, scope, node, evidence) in gathered.first.items():
        count = gathered.count[op, severity]
        where = f" in function {scope.function[:100]!r}" if scope.function else ""
        more = f" ({count} such nodes)" if count > 1 else ""
        names = f" It names {evidence[:120]!r}." if evidence else ""
        into.executes_on_load = into.executes_on_load or severity is Severity.CRITICAL
        into.add(
            f"tensorflow.{group.rule}",
            severity,
            f"The operation {op}{more} {group.does}.{names}",
            location=context.at(f"node {node.name[:100]!r}{where}"),
            evidence=f"{op} {evidence[:200]}".strip(),
            remedy=_REMEDY,
        )


def _judge_node(
    group: Judged, scope: Scope, node: Node, tracer: Tracer
) -> tuple[Severity | None, str]:
    """Return how bad a node is (None: harmless) and the worst file it names."""
    if group.path.isdigit():
        reached = tracer.reach(scope, node, int(group.path))
        paths, bound = reached.strings, reached.open
    else:
        values = node.strings.get(group.path, ()) if group.path else ()
        paths, bound = [value for value in values if value not in group.harmless], True
    worst: Severity | None = None
    evidence = ""
    for path in paths:
        level = path_severity(path.removeprefix("file://") if group.harmless else path)
        if level is not None and (worst is None or _rank(level) < _rank(worst)):
            worst, evidence = level, path
    if group.saver:
        return _judge_saver(group, node, worst, bound), evidence
    if group.only_with_path:
        if worst is None:
            return None, ""
        return (group.severity if group.harmless else worst), evidence
    if worst is not None and _rank(worst) < _rank(group.severity):
        return worst, evidence
    return group.severity, evidence


def _judge_saver(group: Judged, node: Node, worst: Severity | None, bound: bool) -> Severity | None:
    """An honest saver takes its prefix from whoever calls it, or a relative default."""
    if worst in (Severity.CRITICAL, Severity.HIGH):
        writes = node.op.startswith(("Save", "Merge"))
        return Severity.CRITICAL if writes or worst is Severity.CRITICAL else Severity.MEDIUM
    if worst is Severity.LOW or (bound and node.inputs):
        return None
    return group.severity


def _judge_module(context: Context, source: Source, node: Node, into: Examination) -> None:
    """A compiled module may call back into Python through an address it holds."""
    start, length = node.large.get("module", (0, 0))
    target = b""
    if length:
        tail = b""
        for at in range(start, start + length, _CHUNK):
            data = tail + source.read_at(at, min(_CHUNK, start + length - at))
            found = _HOST_CALL.search(data)
            if found:
                target = found[0]
                break
            tail = data[-64:]
    else:
        text = "".join(node.strings.get("module", ())).encode("utf-8", "replace")
        found = _HOST_CALL.search(text)
        target = found[0] if found else b""
    if target:
        into.add(
            "tensorflow.code",
            Severity.CRITICAL,
            "A compiled module calls back into the host's Python through an address it carries.",
            location=context.at(f"node {node.name[:100]!r}"),
            evidence=target[:100].decode("ascii", "replace"),
            remedy=_REMEDY,
        )


def _judge_unknown(context: Context, model: GraphModel, into: Examination) -> None:
    judged, known = judged_ops(), known_ops()
    for op, count in sorted(model.ops.items()):
        if op in known or op in judged or op in model.functions:
            continue
        where = context.at(f"{count} node{'s' if count != 1 else ''}")
        if is_addon(op):
            into.add(
                "tensorflow.addon",
                Severity.LOW,
                f"The operation {op[:100]!r} needs a published add-on to TensorFlow.",
                location=where,
                evidence=op[:100],
                remedy="Install the add-on from its publisher, at a version you reviewed.",
            )
            continue
        severity = Severity.CRITICAL if speaks_of_code(op) else Severity.HIGH
        into.add(
            "tensorflow.unknown-operation",
            severity,
            f"TensorFlow does not have the operation {op[:100]!r}: loading needs a native library "
            "of its own"
            + (", and its name says that it runs something." if speaks_of_code(op) else "."),
            location=where,
            evidence=op[:100],
            remedy="Find out which library brings it, and review that library.",
        )


def _judge_objects(context: Context, source: Source, model: GraphModel, into: Examination) -> None:
    layers = [name for name in model.functions if _LAMBDA.match(name)]
    if layers:
        into.add(
            "tensorflow.keras-lambda",
            Severity.MEDIUM,
            "The graph was traced from a Keras Lambda layer; Keras rebuilds such a layer from "
            "Python bytecode that lies beside the graph.",
            location=context.at(f"function {min(layers)[:100]!r}"),
            remedy="Review that code, or load with tf.saved_model.load, which runs the graph only.",
        )
    if context.examine_nested is None:
        return
    for number, (identifier, place) in enumerate(model.objects):
        if number >= _OBJECTS_MOST:
            into.gap(Coverage.PARTIAL, context.at("too many saved objects carry metadata"))
            return
        data = object_metadata(source, place)
        if data[:1] != b"{":
            continue
        inner = context.nested(f"object {number} ({identifier[:60]}) metadata.json")
        context.examine_nested(inner, BytesSource(data), into)


def _rank(severity: Severity) -> int:
    return SEVERITY_ORDER.index(severity)
