# SPDX-License-Identifier: Apache-2.0
"""What the numbers of a model show: prints of its tensors, and how they relate to a base model.

A *print* identifies a tensor without keeping it: digests of all its bits and of the upper half of
every number, and a short sketch of signs and exponents. Prints of a base model can be kept in a
file of a few hundred kilobytes and compared with a fine-tune years later, without its bytes.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from steelyard.kernel.finding import Finding
from steelyard.kernel.inspection import TreeFile
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits

PRINT_SCHEMA = "steelyard.weights/v1"


class TensorPrint(Struct, frozen=True, kw_only=True):
    """One tensor without its numbers."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str
    upper_sha256: str = ""
    """Digest of the upper half of every number, empty for data types that have none."""
    sketch: str = ""
    """Base64 of the signs and upper exponent bits of at most 512 numbers, evenly spread."""


class WeightPrint(Struct, frozen=True, kw_only=True):
    """All tensors of one revision, sorted by name."""

    tensors: tuple[TensorPrint, ...]
    schema: str = PRINT_SCHEMA


class Relation(StrEnum):
    """How a model's weights relate to those of the base it declares."""

    IDENTICAL = "identical"
    DERIVED = "derived"
    NOT_DERIVED = "not-derived"
    OTHER_ARCHITECTURE = "other-architecture"
    UNDETERMINED = "undetermined"


class BaseComparison(Struct, frozen=True, kw_only=True):
    """Result of comparing with a base model, tensor by tensor."""

    base: str
    """What the user called the base model."""
    relation: Relation
    sentence: str
    unchanged: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    reshaped: int = 0
    lower_bits_only: int = 0
    """Changed tensors that differ in nothing but the lower half of their numbers."""
    sign_agreement: float | None = None
    """Median share of equal signs in changed tensors; about 0.5 for unrelated ones."""


class LocatedFinding(Struct, frozen=True, kw_only=True):
    """A finding and the file it is about."""

    path: str
    finding: Finding


class WeightRequest(Struct, frozen=True, kw_only=True):
    """One survey of weights in a sandbox process."""

    files: tuple[TreeFile, ...]
    base_files: tuple[TreeFile, ...] = ()
    base_print: WeightPrint | None = None
    base_name: str = ""
    limits: Limits = DEFAULT_LIMITS
    roots: tuple[str, ...] = ()


class WeightReport(Struct, frozen=True, kw_only=True):
    """What the survey saw. Findings are information with limits, unless something hides there."""

    weights: WeightPrint
    parameters: int = 0
    dtypes: tuple[str, ...] = ()
    findings: tuple[LocatedFinding, ...] = ()
    comparison: BaseComparison | None = None
    gaps: tuple[LocatedGap, ...] = ()
    isolation: tuple[str, ...] = ()


class LocatedGap(Struct, frozen=True, kw_only=True):
    """A file whose numbers were not looked at, and why."""

    path: str
    reason: str
