# SPDX-License-Identifier: Apache-2.0
"""Follows the files that carry pickles: which bytes an unpickler reads, and which it steps over."""

from __future__ import annotations

import contextlib
from typing import Any

from steelyard.artifacts.compressed import budget_of
from steelyard.artifacts.numpy_files import read_npy
from steelyard.artifacts.pickle import FRAME, PROTO, OpcodeReader, probe_pickle
from steelyard.artifacts.sniff import HEAD
from steelyard.artifacts.source import SliceSource, Source
from steelyard.artifacts.zips import ZipArchive, read_zip
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.archives import (
    examine_content,
    note_bomb,
    open_zip_member,
    report_problems,
)
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.pickles.arrays import array_elements, array_size, holds_objects
from steelyard.scanning.pickles.expansion import expansion_of, may_expand
from steelyard.scanning.pickles.interpreter import Machine
from steelyard.scanning.pickles.judge import Judge
from steelyard.scanning.pickles.scripts import examine_script
from steelyard.scanning.pickles.values import Made, Name, Pairs

_ELEMENT = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "BFloat16Storage": 2,
    "ComplexDoubleStorage": 16, "ComplexFloatStorage": 8, "QUInt8Storage": 1, "QInt8Storage": 1,
    "QInt32Storage": 4, "UntypedStorage": 1,
}  # fmt: skip
"""Bytes of one element by torch storage class."""
_NESTED_ARRAYS = 16
_FILES = (b"PK\x03\x04", b"\x7fELF", b"MZ", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x93NUMPY", b"GGUF",
          b"\x89HDF", b"7z\xbc\xaf")  # fmt: skip
"""How files begin that are worth examining after a pickle."""
_FRAME_FULL = 64 * 1024
"""Bytes at which a pickler begins the next frame."""
_EXPANSION_OPCODES = 400_000
_SAFE = "Ask the publisher for safetensors; whoever loads this file runs what it says."


def examine_pickle(context: Context, source: Source, into: Examination) -> None:
    """Examine a file of pickle streams: plain, joblib or legacy torch."""
    into.executes_on_load = True
    _Streams(context, source, into).run(0)
    _summarize(context, into)


def examine_npy(context: Context, source: Source, into: Examination) -> None:
    """Examine a NumPy array file; an array of objects is a pickle."""
    header = read_npy(source)
    into.weights = True
    into.tensors += 1
    into.parameters += min(header.elements, 2**53)
    if header.has_objects:
        into.executes_on_load = True
        into.add(
            "numpy.object-array",
            Severity.LOW,
            "The array holds Python objects, which are loaded by unpickling them.",
            location=context.at(f"byte {header.data_offset}"),
            remedy="Store plain numbers, and load with allow_pickle=False.",
        )
        _Streams(context, source, into).run(header.data_offset)
        _summarize(context, into)
    elif header.data_offset + header.elements * header.item_size > source.size:
        into.add(
            "file.truncated",
            Severity.MEDIUM,
            "The array is shorter than its header announces.",
            location=context.at("header"),
        )


def examine_torch_zip(context: Context, source: Source, into: Examination) -> None:
    """Examine a torch zip or TorchScript archive: every pickle in it, and its structure."""
    try:
        archive = read_zip(source, into.limits)
    except LimitExceeded as error:
        note_bomb(context, error, into)
        return
    report_problems(context, archive.problems, into)
    scripted = context.format == "torchscript"
    into.weights = True
    if scripted:
        into.add(
            "torchscript.program",
            Severity.INFO,
            "The archive holds a TorchScript program; it runs when the model is used.",
            location=context.at(""),
        )
    else:
        into.executes_on_load = True
    budget = budget_of(source, into.limits)
    links: set[str] = set()
    for member in archive.members:
        inner = context.nested(member.name[:500])
        content = open_zip_member(inner, source, member, budget, links, into)
        if content is not None:
            _examine_member(inner, member.name, content, into, scripted=scripted)
    if not scripted:
        _check_storages(context, archive, into)
    _summarize(context, into)


def _examine_member(
    inner: Context, name: str, content: Source, into: Examination, *, scripted: bool
) -> None:
    head = content.read_at(0, HEAD)
    looks = probe_pickle(head, whole=len(head) == content.size)
    if _is_storage(name):
        into.tensors += 1
        if looks:
            _examine_storage(inner, content, into)
    elif name.endswith(".pkl") or looks:
        _Streams(inner, content, into, scripted=scripted).run(0)
    elif "/code/" in name:
        examine_script(inner, content, into)
    elif name.rpartition("/")[2] in ("version", "byteorder"):
        return
    else:
        examine_content(inner, content, into)


def _examine_storage(context: Context, content: Source, into: Examination) -> None:
    """Raw numbers that read as a pickle are only believed to be one if it would do harm."""
    hidden = Examination(into.limits)
    _Streams(context, content, hidden).run(0)
    into.findings.extend(
        finding for finding in hidden.findings if finding.severity is Severity.CRITICAL
    )


def _is_storage(name: str) -> bool:
    parts = name.split("/")
    return len(parts) >= 2 and parts[-2] in ("data", "tensors", "constants") and parts[-1].isdigit()


def _check_storages(context: Context, archive: ZipArchive, into: Examination) -> None:
    if not any(member.name.rpartition("/")[2] == "data.pkl" for member in archive.members):
        into.add(
            "torch.layout",
            Severity.MEDIUM,
            "The archive has no data.pkl where torch looks for it.",
            location=context.at(""),
        )


class _Streams:
    """Reads the pickle streams of one file or member, one after another."""

    def __init__(
        self, context: Context, source: Source, into: Examination, *, scripted: bool = False
    ) -> None:
        self._context, self._source, self._into = context, source, into
        self._scripted = scripted
        self._reader = OpcodeReader(source, 0, into.limits)
        self._judge = Judge(context, source, into, scripted=scripted)
        self._storages: dict[Any, int] = {}
        self._arrays = 0
        self._nesting = 0

    def run(self, offset: int) -> None:
        """Judge every stream from ``offset`` on, and what follows the last one."""
        self._reader.offset = offset
        for index in range(self._into.limits.pickle_streams):
            machine = self._machine()
            start, arrays = self._reader.offset, self._arrays
            broken: ArtifactError | None = None
            try:
                machine.run(self._reader)
            except ArtifactError as error:
                broken = error
            self._judge.judge(machine)
            self._note_forgotten(machine)
            self._note_storages(machine)
            if self._arrays != arrays:
                self._read_without_arrays(start)
            if broken is not None:
                self._broken(machine, broken, start)
                return
            self._check_frame(start)
            self._check_expansion(machine, start)
            if not self._another(index):
                return
        self._into.gap(Coverage.PARTIAL, "the file holds too many pickle streams")

    def _note_forgotten(self, machine: Machine) -> None:
        if machine.forgotten:
            self._into.gap(
                Coverage.PARTIAL,
                f"{machine.forgotten} calls are handed objects out of too many to remember",
            )

    def _machine(self) -> Machine:
        return Machine(self._into.limits, self._after_build, self._judge.judge_call)

    def _read_without_arrays(self, start: int) -> None:
        """Read the stream as plain ``pickle.load`` would, which does not step over joblib's raw
        arrays: only what is plainly dangerous counts, since raw numbers may read as anything."""
        hidden = Examination(self._into.limits)
        judge = Judge(self._context, self._source, hidden)
        plain = Machine(self._into.limits, None, judge.judge_call)
        # What was seen before a break counts; raw arrays usually break it at once.
        with contextlib.suppress(ArtifactError):
            plain.run(OpcodeReader(self._source, start, self._into.limits))
        judge.judge(plain)
        self._note_forgotten(plain)
        known = {(finding.rule, finding.message) for finding in self._into.findings}
        for finding in hidden.findings:
            if (
                finding.severity is Severity.CRITICAL
                and (finding.rule, finding.message) not in known
            ):
                self._into.findings.append(finding)

    def _check_frame(self, start: int) -> None:
        """A pickler closes its frame after STOP; only a full frame may leave STOP outside."""
        head = self._source.read_at(start, 11)
        if len(head) < 11 or head[0] != PROTO or head[1] < 4 or head[2] != FRAME:
            return
        length = int.from_bytes(head[3:], "little")
        if length < _FRAME_FULL and self._reader.offset == start + 11 + length + 1:
            self._into.add(
                "pickle.framing",
                Severity.MEDIUM,
                "The pickle's only frame ends before its STOP, which no pickler writes.",
                location=self._context.at(f"byte {start + 2}"),
                evidence=f"byte {start + 2} FRAME {length}, STOP at byte {self._reader.offset - 1}",
                remedy="Ask the publisher how the file was written; do not load it meanwhile.",
            )

    def _check_expansion(self, machine: Machine, start: int) -> None:
        if machine.opcodes > _EXPANSION_OPCODES or self._arrays:
            return
        if not may_expand(machine.opcodes, machine.shared):
            return
        text = expansion_of(self._source, start, self._into.limits)
        if text:
            self._into.add(
                "pickle.limit",
                Severity.CRITICAL,
                text,
                location=self._context.at(f"byte {start}"),
                remedy="Do not load this file.",
            )

    def _another(self, index: int) -> bool:
        """Tell whether another stream follows; account for whatever else does."""
        at = self._reader.offset
        left = self._source.size - at
        if left <= 0:
            return False
        if self._context.format == "torch-legacy":
            return self._after_legacy(index, at, left)
        head = self._source.read_at(at, HEAD)
        if probe_pickle(head, whole=len(head) == left):
            return True
        blank = not head.strip(b"\0 \r\n\t") and left <= HEAD
        self._into.add(
            "pickle.trailing-bytes",
            Severity.LOW if blank else Severity.MEDIUM,
            f"{left} bytes follow the pickle; an unpickler stops before them.",
            location=self._context.at(f"byte {at}"),
            evidence=head[:32].hex(),
        )
        if not blank:
            self._trailing(at, left, head)
        return False

    def _trailing(self, at: int, left: int, head: bytes) -> None:
        """Examine what follows as a file of its own, where it begins like one."""
        nested = self._context.examine_nested
        inner = self._context.nested("after the pickle")
        if (
            nested is None
            or not head.startswith(_FILES)
            or inner.depth > (self._into.limits.archive_depth)
        ):
            self._into.gap(Coverage.PARTIAL, f"{left} bytes after the pickle were not examined")
            return
        nested(inner, SliceSource(self._source, at, left), self._into)

    def _after_legacy(self, index: int, at: int, left: int) -> bool:
        """A legacy torch file is five pickles (magic, protocol, system, object, keys) and then
        every storage: its element count in eight bytes and its raw elements."""
        if index < 4:
            return True
        expected = sum(8 + size for size in self._storages.values())
        if expected != left:
            self._into.add(
                "torch.layout",
                Severity.MEDIUM,
                f"{left} bytes of raw tensors follow where {expected} were announced.",
                location=self._context.at(f"byte {at}"),
            )
            self._into.gap(Coverage.PARTIAL, "raw tensors do not add up")
        return False

    def _note_storages(self, machine: Machine) -> None:
        for item in machine.persistent:
            if type(item) is not tuple or len(item) < 4 or item[0] not in ("storage", "module"):
                self._foreign(item)
                continue
            if item[0] == "module" or len(item) < 5:
                continue  # a class with its source, as old versions of torch noted it
            kind, key, count = item[1], item[2], item[4]
            name = kind.name if type(kind) is Name else "UntypedStorage"
            if key not in self._storages and type(count) is int and count >= 0:
                self._storages[key] = count * _ELEMENT.get(name, 1)
                self._into.weights = True
                self._into.parameters += count
                self._into.dtypes.add(name.removesuffix("Storage").lower())
                if self._context.format == "torch-legacy":
                    self._into.tensors += 1

    def _foreign(self, item: Any) -> None:
        """Report an id that is none of torch's, once a file."""
        if any(finding.rule == "torch.persistent-id" for finding in self._into.findings):
            return
        shown = item.dotted if type(item) is Name else repr(item) if type(item) is str else ""
        self._into.add(
            "torch.persistent-id",
            Severity.HIGH,
            "The stream refers to an object outside of it by an id that is no tensor storage.",
            location=self._context.at(""),
            evidence=shown[:200],
            remedy="Find out which program reads this file; do not load it meanwhile.",
        )

    def _broken(self, machine: Machine, error: ArtifactError, start: int) -> None:
        if isinstance(error, LimitExceeded):
            # A file that is merely large is not an attack, but it was not read to its end.
            attack = error.code != "pickle.size"
            rule, severity = "pickle.limit", Severity.CRITICAL if attack else Severity.MEDIUM
        else:
            severity = Severity.HIGH if machine.acted else Severity.MEDIUM
            rule = "pickle.truncated"
        self._into.add(
            rule,
            severity,
            f"The pickle stream cannot be read to its end: {error.message} "
            "An unpickler would have run everything before.",
            location=self._context.at(f"byte {max(error.offset, start)}"),
            remedy="Fetch the file again; if it is the same, do not load it.",
        )
        self._into.gap(Coverage.PARTIAL, "the pickle stream is broken")

    def _after_build(self, made: Made) -> None:
        """Step over the raw array that joblib writes right after its wrapper was built."""
        origin = made.origin
        if origin is None or origin.module != "joblib.numpy_pickle":
            return
        if origin.name != "NumpyArrayWrapper":
            return
        state = made.state.entries if type(made.state) is Pairs else None
        self._arrays += 1
        size = array_size(state or {})
        self._into.weights = True
        if size is None:
            self._into.gap(Coverage.PARTIAL, "a joblib array has no known size")
            raise ArtifactError("A joblib array has no known size.", offset=self._reader.offset)
        self._into.tensors += 1
        if size == 0 and holds_objects(state or {}):
            self._judge.raw[self._reader.offset] = self._reader.offset
            self._nested_objects()
            return
        self._into.parameters += array_elements(state or {})
        built = at = self._reader.offset
        if (state or {}).get("numpy_array_alignment_bytes") is not None:
            padding = self._source.read_at(at, 1)
            at += 1 + (padding[0] if padding else 0)
        if at + size > self._source.size:
            raise ArtifactError("A joblib array is longer than the file.", offset=at)
        self._judge.raw[built] = self._reader.offset = at + size

    def _nested_objects(self) -> None:
        """An array of objects is one pickle stream in the place of raw bytes."""
        self._nesting += 1
        if self._nesting > _NESTED_ARRAYS:
            raise LimitExceeded("Arrays hold arrays too deep.", offset=self._reader.offset)
        nested = self._machine()
        try:
            nested.run(self._reader)
        finally:
            self._nesting -= 1
            self._judge.judge(nested)
            self._note_forgotten(nested)
            self._note_storages(nested)


def _summarize(context: Context, into: Examination) -> None:
    """State once per file that loading it runs Python, with the first calls as proof."""
    if not into.executes_on_load or not into.load_calls or context.depth:
        return
    if any(finding.rule == "pickle.executes-on-load" for finding in into.findings):
        return
    into.add(
        "pickle.executes-on-load",
        Severity.INFO,
        f"Loading this file calls Python: at least {len(into.load_calls)} different callables.",
        evidence="; ".join(into.load_calls[:3]),
        remedy=_SAFE,
    )
