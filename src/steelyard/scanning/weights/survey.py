# SPDX-License-Identifier: Apache-2.0
"""Surveys the weights of one model and, if there is one, of its base."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from steelyard.artifacts.json_documents import read_json
from steelyard.artifacts.safetensors import SafetensorsHeader, TensorInfo, read_safetensors
from steelyard.artifacts.sniff import sniff
from steelyard.artifacts.source import FileSource, open_file
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Finding, Severity
from steelyard.kernel.inspection import TreeFile, path_of
from steelyard.kernel.limits import Limits
from steelyard.kernel.weights import (
    LocatedFinding,
    LocatedGap,
    WeightPrint,
    WeightReport,
    WeightRequest,
)
from steelyard.scanning.weights.architecture import Declared, Tensor, check, declared_by
from steelyard.scanning.weights.comparison import compare, findings_of
from steelyard.scanning.weights.embeddings import far_rows
from steelyard.scanning.weights.tensors import Observed, observe

_WEIGHT_FORMATS = frozenset({"torch-zip", "torch-legacy", "gguf", "onnx", "hdf5", "npz", "npy"})
_PER_RULE = 10
"""Findings of one rule in one file; the rest is counted."""
_DUPLICATE_LEAST = 1024
"""Elements below which equal tensors are no surprise."""
_TENSORS_MOST = 200_000


class Survey:
    """Collects prints and findings over all files of one model."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.seen: list[tuple[str, Observed]] = []
        self.findings: list[LocatedFinding] = []
        self.gaps: list[LocatedGap] = []
        self._counts: dict[tuple[str, str], int] = defaultdict(int)

    def read(self, files: Iterable[TreeFile]) -> None:
        """Stream every tensor of ``files``; what cannot be read becomes a gap."""
        for file in files:
            try:
                with open_file(os.fsdecode(path_of(file.location)), file.size) as source:
                    kind = sniff(source, file.path.rpartition("/")[2]).format
                    if kind == "safetensors":
                        self._file(file.path, source)
                    elif kind in _WEIGHT_FORMATS or file.path.endswith(".safetensors"):
                        reason = f"the numbers of {kind} files are not looked at"
                        self.gaps.append(LocatedGap(path=file.path, reason=reason))
            except ArtifactError as error:
                self.gaps.append(LocatedGap(path=file.path, reason=error.message))

    def print(self) -> WeightPrint:
        """Return the prints of all tensors."""
        prints = (observed.print for _, observed in self.seen)
        return WeightPrint(tensors=tuple(sorted(prints, key=lambda tensor: tensor.name)))

    def _file(self, path: str, source: FileSource) -> None:
        header = read_safetensors(source, self._limits)
        if sum(info.end - info.start for info in header.tensors) > source.size:
            # Reading shared bytes once for every tensor could take for ever.
            self.gaps.append(LocatedGap(path=path, reason="tensors share bytes"))
            return
        ordered = sorted(header.tensors, key=lambda info: info.start)
        for info in ordered[: _TENSORS_MOST - len(self.seen)]:
            self._tensor(path, source, header, info)
        if len(self.seen) >= _TENSORS_MOST:
            self.gaps.append(LocatedGap(path=path, reason="too many tensors"))

    def _tensor(
        self, path: str, source: FileSource, header: SafetensorsHeader, info: TensorInfo
    ) -> None:
        start = 8 + header.header_size + info.start
        if info.end < info.start or start + info.end - info.start > source.size:
            self.gaps.append(
                LocatedGap(path=path, reason=f"tensor {info.name[:80]!r} lies outside")
            )
            return
        observed = observe(source, info, start)
        self.seen.append((path, observed))
        for finding in _signals(observed):
            self.add(path, finding)
        if "embed" in info.name or "wte" in info.name:
            count, rows = far_rows(source, info, start)
            if count:
                self.add(path, _far_rows_finding(info, count, rows))

    def add(self, path: str, finding: Finding) -> None:
        """Keep a finding, unless there are many of its rule in this file already."""
        key = (path, finding.rule)
        self._counts[key] += 1
        if self._counts[key] <= _PER_RULE:
            self.findings.append(LocatedFinding(path=path, finding=finding))

    def close(self) -> None:
        """Say how many findings were not kept."""
        for (path, rule), count in self._counts.items():
            if count > _PER_RULE:
                more = Finding(
                    rule=rule,
                    severity=Severity.INFO,
                    message=f"{count - _PER_RULE} more tensors are like this.",
                )
                self.findings.append(LocatedFinding(path=path, finding=more))


def survey(request: WeightRequest) -> WeightReport:
    """Return what the weights named by ``request`` show."""
    model = Survey(request.limits)
    model.read(request.files)
    declared = _declared(request.files, request.limits)
    path = model.seen[0][0] if model.seen else (request.files[0].path if request.files else "")
    for finding in [*_together(model.seen), *check(declared, _tensors(model.seen))]:
        model.add(path, finding)
    comparison = None
    base = request.base_print
    if request.base_files:
        other = Survey(request.limits)
        other.read(request.base_files)
        base = other.print()
        model.gaps += other.gaps
    weights = model.print()
    if base is not None:
        comparison = compare(weights, base, request.base_name)
        own = request.base_name.removeprefix("hf:").partition("@")[0]
        for finding in findings_of(comparison, declared=own in declared.base_models):
            model.add(path, finding)
    model.close()
    return WeightReport(
        weights=weights,
        parameters=sum(min(observed.elements, 2**53) for _, observed in model.seen),
        dtypes=tuple(sorted({observed.print.dtype for _, observed in model.seen})),
        findings=tuple(model.findings),
        comparison=comparison,
        gaps=tuple(model.gaps[:100]),
    )


def _signals(observed: Observed) -> list[Finding]:
    name = observed.print.name[:120]
    found = []
    if observed.payload is not None:
        kind, place = observed.payload
        found.append(
            _finding("weights.hidden-file", Severity.HIGH, name,
                     f"{place.capitalize()} of {name} begins like {_article(kind)}.", kind,
                     "Do not use these weights; ask the publisher what is there."))  # fmt: skip
    if observed.mixed:
        found.append(
            _finding("weights.low-bits", Severity.LOW, name,
                     f"The lowest bytes of {name} are noise in some places and have structure in "
                     "others: data may be hidden there.", observed.print.dtype,
                     "Compare with the base model; ask the publisher."))  # fmt: skip
    if observed.nonfinite:
        found.append(
            _finding("weights.not-finite", Severity.INFO, name,
                     f"{observed.nonfinite} numbers of {name} are infinite or not a number.",
                     f"{observed.nonfinite} of {observed.elements}",
                     "Check that this is a mask; in a weight it is damage."))  # fmt: skip
    if observed.constant and len(observed.print.shape) > 1 and observed.elements > 256:
        what = "zero" if observed.zero else "the same number"
        found.append(
            _finding("weights.degenerate", Severity.INFO, name,
                     f"Every number of {name} is {what}.", f"shape {list(observed.print.shape)}",
                     "Check that the layer is meant to be unused."))  # fmt: skip
    return found


def _together(seen: list[tuple[str, Observed]]) -> list[Finding]:
    """Return what shows only when all tensors are looked at together."""
    found = []
    groups: dict[str, list[Observed]] = defaultdict(list)
    for _, observed in seen:
        if observed.elements >= _DUPLICATE_LEAST and not observed.constant:
            groups[observed.print.sha256].append(observed)
    for group in groups.values():
        if len(group) > 1:
            names = [observed.print.name[:80] for observed in group]
            found.append(
                _finding("weights.duplicate", Severity.INFO, names[0],
                         f"{len(group)} tensors are bit for bit the same.", ", ".join(names[:4]),
                         "Tied weights are ordinary; copied layers are a question."))  # fmt: skip
    wide = [o for _, o in seen if o.print.dtype in ("F32", "F64") and o.elements >= 256]
    full = [o for o in wide if o.rounded < 0.9 * o.elements]
    if wide and full and len(full) <= 0.2 * len(wide):
        listed = ", ".join(observed.print.name[:80] for observed in full[:4])
        found.append(
            _finding("weights.low-bits", Severity.LOW, full[0].print.name[:80],
                     f"{len(full)} of {len(wide)} tensors use the lower half of their numbers; in "
                     "all others it is zero: there is room for "
                     f"{_room(full)} of hidden data.", listed,
                     "Ask why these tensors were stored more precisely."))  # fmt: skip
    return found


def _room(group: list[Observed]) -> str:
    size = sum(observed.elements * 2 for observed in group)
    return f"{size / 1024:.0f} KiB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MiB"


def _far_rows_finding(info: TensorInfo, count: int, rows: list[int]) -> Finding:
    listed = ", ".join(map(str, rows))
    return _finding(
        "weights.embedding-outlier",
        Severity.INFO,
        info.name[:120],
        f"{count} row{'s' if count > 1 else ''} of {info.name[:120]} lie far outside the others in "
        "length.",
        f"token ids {listed}{' …' if count > len(rows) else ''}",
        "Look the tokens up: unused ones are ordinary, a trained one of its own is a question.",
    )


def _declared(files: Iterable[TreeFile], limits: Limits) -> Declared:
    return declared_by(_document(files, "config.json", limits),
                       _document(files, "tokenizer.json", limits))  # fmt: skip


def _document(files: Iterable[TreeFile], name: str, limits: Limits) -> dict[str, Any]:
    """Return the JSON object in the topmost file of this name, empty where there is none."""
    named = [file for file in files if file.path.rpartition("/")[2] == name]
    if not named:
        return {}
    file = min(named, key=lambda file: (file.path.count("/"), file.path))
    try:
        with open_file(os.fsdecode(path_of(file.location)), file.size) as source:
            value = read_json(source.read_at(0, min(source.size, limits.json_bytes)), limits).value
    except ArtifactError:
        return {}
    return value if isinstance(value, dict) else {}


def _tensors(seen: list[tuple[str, Observed]]) -> list[Tensor]:
    return [
        Tensor(o.print.name[:200], o.print.dtype, o.print.shape, o.print.sha256) for _, o in seen
    ]


def _finding(
    rule: str, severity: Severity, tensor: str, message: str, evidence: str, remedy: str
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        location=f"tensor {tensor}",
        evidence=evidence,
        remedy=remedy,
    )


def _article(kind: str) -> str:
    return kind if kind in ("text", "gzip data") else f"a{'n' if kind[0] in 'ERx' else ''} {kind}"
