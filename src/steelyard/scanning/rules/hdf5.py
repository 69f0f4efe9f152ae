# SPDX-License-Identifier: Apache-2.0
"""Examines HDF5 files: what leads to other files, what hides in attributes, and Keras models."""

from __future__ import annotations

from steelyard.artifacts.hdf5.model import Attribute, Dataset, Hdf5File, Outside
from steelyard.artifacts.hdf5.reader import read_hdf5
from steelyard.artifacts.json_documents import read_json
from steelyard.artifacts.pickle import probe_pickle
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.sniff import EXECUTES, HEAD, sniff
from steelyard.artifacts.source import BytesSource, SliceSource, Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.archives import escapes
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.keras import judge_keras

_OWN_FILTERS = frozenset({1, 2, 3, 4, 5, 6})
"""Filters of the HDF5 library itself: deflate, shuffle, fletcher32, szip, nbit, scaleoffset."""
_CONFIGS = ("model_config", "training_config")
_FILTERS_KEPT = 10
_NESTED_MOST = 500
"""Attributes and datasets whose beginning is looked at for a format of its own."""
_REMEDY = "Do not open it; it makes the reader open other files."


def examine_hdf5(context: Context, source: Source, into: Examination) -> None:
    """Examine one HDF5 file."""
    try:
        file = read_hdf5(source, into.limits)
    except LimitExceeded as error:
        into.add(
            "hdf5.endless",
            Severity.CRITICAL,
            error.message,
            location=context.at(f"byte {max(error.offset, 0)}"),
            remedy="Do not open this file: it attacks its reader.",
        )
        into.gap(Coverage.PARTIAL, context.at("the structure of the HDF5 file never ends"))
        return
    for reason in file.gaps:
        into.gap(Coverage.PARTIAL, context.at(reason))
    for reference in file.outside:
        _outside(context, reference, into)
    _weigh(context, file, into)
    _keras(context, file, into)
    _nested(context, source, file, into)


def _outside(context: Context, reference: Outside, into: Examination) -> None:
    if reference.kind == "virtual dataset" and reference.target in (".", ""):
        return  # sources in this very file
    target = reference.target
    leaves = escapes(target) or "://" in target or target.startswith("~")
    into.add(
        "hdf5.external-file",
        Severity.CRITICAL if leaves else Severity.HIGH,
        f"The {reference.kind} at {reference.path[:200]!r} makes the reader open another file"
        + (", outside the model's own folder." if leaves else "."),
        location=context.at(reference.path[:200]),
        evidence=target[:200],
        remedy=_REMEDY,
    )


def _weigh(context: Context, file: Hdf5File, into: Examination) -> None:
    foreign: dict[int, str] = {}
    for dataset in file.datasets:
        into.tensors += 1
        into.parameters += min(elements_of(dataset.shape), 2**53)
        into.dtypes.add(dataset.datatype.name)
        for identifier in dataset.filters:
            if identifier not in _OWN_FILTERS:
                foreign.setdefault(identifier, dataset.path)
    into.weights = bool(file.datasets)
    for identifier, path in list(foreign.items())[:_FILTERS_KEPT]:
        into.add(
            "hdf5.foreign-filter",
            Severity.LOW,
            f"Reading {path[:200]!r} needs the compression filter {identifier}, a plug-in that the "
            "HDF5 library loads from the reader's machine.",
            location=context.at(path[:200]),
            evidence=f"filter {identifier}",
            remedy="Ask for a file compressed with the library's own filters.",
        )


def _keras(context: Context, file: Hdf5File, into: Examination) -> None:
    """Judge the configurations Keras stores in attributes, also those split into numbered parts."""
    parts: dict[tuple[str, str], list[tuple[int, Attribute]]] = {}
    for attribute in file.attributes:
        name = attribute.name.rstrip("0123456789")
        if name in _CONFIGS and attribute.datatype.is_text:
            number = int(attribute.name[len(name) :] or 0)
            parts.setdefault((attribute.owner, name), []).append((number, attribute))
    for (owner, name), listed in sorted(parts.items()):
        ordered = sorted(listed, key=lambda item: item[0])
        text = b"".join(attribute.raw.rstrip(b"\0") for _, attribute in ordered)
        place = f"attribute {name} of {owner}"
        try:
            value = read_json(text, into.limits).value
        except ArtifactError as error:
            into.add(
                "keras.unreadable",
                Severity.MEDIUM,
                f"The Keras configuration cannot be read: {error.message}",
                location=context.at(place),
                remedy="Fetch the file again; if it is the same, do not load it.",
            )
            into.gap(Coverage.PARTIAL, context.at(f"{place} cannot be read"))
            continue
        judge_keras(context, value, into, place)


def _nested(context: Context, source: Source, file: Hdf5File, into: Examination) -> None:
    """Examine what has a format of its own: the user block, opaque attributes, byte arrays."""
    if context.examine_nested is None:
        return
    if file.start:
        before = SliceSource(source, 0, file.start)
        if before.read_at(0, HEAD).strip(b"\0"):
            context.examine_nested(context.nested("user block"), before, into)
    left = _NESTED_MOST
    for attribute in file.attributes:
        if left and _is_pickle(attribute.raw):
            left -= 1
            inner = context.nested(f"attribute {attribute.name[:80]} of {attribute.owner[:80]}")
            context.examine_nested(inner, BytesSource(attribute.raw), into)
    for dataset in file.datasets:
        content = _bytes_of(source, dataset)
        if left and content is not None and sniff(content, "").format in EXECUTES:
            left -= 1
            inner = context.nested(f"dataset {dataset.path[:160]}")
            context.examine_nested(inner, content, into)
    if not left:
        into.gap(Coverage.PARTIAL, context.at("too many attributes hold files of their own"))


def _is_pickle(raw: bytes) -> bool:
    """Attributes of tables are often pickled, and unpickled by whoever opens the table."""
    return len(raw) > 2 and raw[-1:] == b"." and probe_pickle(raw[:HEAD], whole=len(raw) <= HEAD)


def _bytes_of(source: Source, dataset: Dataset) -> Source | None:
    """Return the data of an array of bytes that lie in one piece."""
    if dataset.datatype.size != 1 or dataset.start < 0 or dataset.size < 16 or dataset.filters:
        return None
    return SliceSource(source, dataset.start, dataset.size)
