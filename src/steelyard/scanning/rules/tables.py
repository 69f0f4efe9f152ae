# SPDX-License-Identifier: Apache-2.0
"""Examines tables and arrays of data tools: Parquet, Arrow, Feather, MATLAB."""

from __future__ import annotations

from steelyard.artifacts.compressed import budget_of
from steelyard.artifacts.mat_files import walk_mat
from steelyard.artifacts.source import BytesSource, Source
from steelyard.artifacts.tables import read_table
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.appended import examine_rest


def examine_table(context: Context, source: Source, into: Examination) -> None:
    """Examine a Parquet, Arrow or Feather file: its frame and the types its schema names."""
    table = read_table(source)
    if table.encrypted:
        into.gap(Coverage.PARTIAL, context.at("the footer is encrypted"))
    if table.pickled_types:
        into.add(
            "arrow.pickled-type",
            Severity.HIGH,
            "The schema names a type that is stored as a pickle; pyarrow before 14.0.1 unpickles "
            "it when the file is opened (CVE-2023-47248).",
            location=context.at("schema"),
            evidence="arrow.py_extension_type",
            remedy="Open it with pyarrow 14.0.1 or newer only, and have it written again.",
        )
    for number, data in enumerate(table.pickles):
        if context.examine_nested is None or context.depth > into.limits.archive_depth:
            into.gap(Coverage.PARTIAL, context.at("a pickled type was not examined"))
            break
        inner = context.nested(f"(pickled type {number}).pkl")
        context.examine_nested(inner, BytesSource(data), into)
    examine_rest(context, source, table.end, into)


def examine_mat(context: Context, source: Source, into: Examination) -> None:
    """Examine a MATLAB file of level 5."""
    kinds: dict[str, int] = {}
    for array in walk_mat(source, into.limits, budget_of(source, into.limits)):
        kinds.setdefault(array.kind, array.offset)
    for kind, offset in kinds.items():
        into.add(
            "mat.object",
            Severity.MEDIUM if kind == "function handle" else Severity.LOW,
            f"The file holds a {kind}: MATLAB runs code of its class or function to restore it.",
            location=context.at(f"before byte {offset}"),
            evidence=kind,
            remedy="Load it with a reader of plain arrays, such as scipy.io.",
        )
