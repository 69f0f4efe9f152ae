# SPDX-License-Identifier: Apache-2.0
"""Examines PaddlePaddle programs: operators that call Python, open files or listen."""

from __future__ import annotations

from steelyard.artifacts.paddle import read_parameters, read_program
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.tensorflow_ops import path_severity, speaks_of_code

_PYTHON = frozenset({"py_func", "py_layer", "pylayer"})
_FILES = frozenset({
    "load", "load_combine", "save", "save_combine", "read_file", "dump_tensor", "fake_init",
    "create_custom_reader", "open_files", "create_recordio_file_reader", "save_dygraph",
    "lookup_table_save", "checkpoint_notify", "load_sparse_table",
})  # fmt: skip
_NETWORK = frozenset({
    "listen_and_serv", "send", "recv", "send_barrier", "fetch_barrier", "prefetch", "gen_nccl_id",
    "c_gen_nccl_id", "gen_bkcl_id", "c_gen_bkcl_id", "heter_listen_and_serv", "send_and_recv",
    "distributed_lookup_table", "pull_sparse", "push_sparse", "rpc_call", "rpc_result",
})  # fmt: skip
_ENGINES = frozenset(
    {"tensorrt_engine", "lite_engine", "ngraph_engine", "dlnne_engine", "run_program"}
)
_WANTED = _PYTHON | _FILES | _NETWORK | _ENGINES
_REMEDY = "Do not run this program; ask the publisher why it is there."


def examine_paddle(context: Context, source: Source, into: Examination) -> None:
    """Examine one PaddlePaddle program."""
    try:
        program = read_program(source, into.limits, _WANTED)
    except ArtifactError as error:
        into.add(
            "paddle.malformed",
            Severity.MEDIUM,
            f"This is not a PaddlePaddle program: {error.message}",
            location=context.at(f"byte {max(error.offset, 0)}"),
            evidence=repr(source.read_at(0, 60)),
            remedy="Fetch the file again; if it is the same, do not load it.",
        )
        into.gap(Coverage.PARTIAL, error.message)
        return
    for kind, count in sorted(program.ops.items()):
        _judge(context, kind, count, program.strings.get(kind, {}), into)


def _judge(
    context: Context, kind: str, count: int, strings: dict[str, list[str]], into: Examination
) -> None:
    place = context.at(f"{count} operator{'s' if count != 1 else ''}")
    texts = [text for values in strings.values() for text in values if text]
    if kind in _PYTHON:
        into.executes_on_load = True
        into.add(
            "paddle.python",
            Severity.CRITICAL,
            f"The operator {kind} calls a Python function of the process that runs the program.",
            location=place,
            evidence=f"{kind} {' '.join(texts)}"[:200],
            remedy=_REMEDY,
        )
    elif kind in _FILES:
        paths = [text for key, values in strings.items() for text in values if "file" in key]
        grave = any(path_severity(path) in (Severity.CRITICAL, Severity.HIGH) for path in paths)
        into.add(
            "paddle.file-access",
            Severity.CRITICAL if grave or kind == "read_file" else Severity.HIGH,
            f"The operator {kind} opens files of the machine that runs the program.",
            location=place,
            evidence=f"{kind} {' '.join(paths)}"[:200],
            remedy=_REMEDY,
        )
    elif kind in _NETWORK:
        into.add(
            "paddle.network",
            Severity.HIGH,
            f"The operator {kind} exchanges data with other machines.",
            location=place,
            evidence=f"{kind} {' '.join(texts)}"[:200],
            remedy=_REMEDY,
        )
    elif kind in _ENGINES or speaks_of_code(kind):
        into.add(
            "paddle.engine",
            Severity.MEDIUM if kind in _ENGINES else Severity.HIGH,
            f"The operator {kind[:80]!r} runs something that is not part of the program.",
            location=place,
            evidence=kind[:200],
            remedy="Find out what it runs, and review that.",
        )


def examine_paddle_parameters(_context: Context, source: Source, into: Examination) -> None:
    """Examine the parameters of a PaddlePaddle program."""
    into.weights = True
    found = read_parameters(source, into.limits)
    into.tensors += found.tensors
    into.parameters += found.parameters
    into.dtypes |= found.dtypes
