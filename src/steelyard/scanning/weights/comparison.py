# SPDX-License-Identifier: Apache-2.0
"""Compares the prints of two models: is this a fine-tune of that, and what was changed?

Digests say exactly which tensors are the same. For those that differ, signs and exponents say
whether they are related: training on from a base flips few signs, whereas independently trained
tensors agree in half of them. Tensors in other number formats are compared by sign; quantized ones
cannot be.
"""

from __future__ import annotations

import statistics

from msgspec import structs

from steelyard.kernel.finding import Finding, Severity
from steelyard.kernel.weights import BaseComparison, Relation, TensorPrint, WeightPrint
from steelyard.scanning.weights.planes import equal_signs, unsketch

_RELATED, _UNRELATED = 0.85, 0.65
"""Median share of equal signs above which weights are related, and below which they are not."""
_SKETCH_LEAST = 256
_SHARED_LEAST = 0.5
"""Share of the base's tensors that must be there by name and shape to speak of a relation."""


def compare(model: WeightPrint, base: WeightPrint, name: str) -> BaseComparison:
    """Return how ``model`` relates to ``base``, which the user calls ``name``."""
    ours = {tensor.name: tensor for tensor in model.tensors}
    theirs = _aligned(ours, base)
    shared = [(ours[key], theirs[key]) for key in ours if key in theirs]
    same_shape = [(one, other) for one, other in shared if one.shape == other.shape]
    changed = [(one, other) for one, other in same_shape if one.sha256 != other.sha256]
    counts = BaseComparison(
        base=name,
        relation=Relation.UNDETERMINED,
        sentence="",
        unchanged=len(same_shape) - len(changed),
        changed=len(changed),
        added=len(ours) - len(shared),
        removed=len(theirs) - len(shared),
        reshaped=len(shared) - len(same_shape),
        lower_bits_only=sum(_lower_bits_only(one, other) for one, other in changed),
        sign_agreement=_agreement(changed),
    )
    relation = _relation(counts, len(theirs), len(same_shape))
    return structs.replace(
        counts, relation=relation, sentence=_sentence(counts, relation, len(same_shape))
    )


def findings_of(comparison: BaseComparison, declared: bool) -> list[Finding]:
    """Return findings about a comparison. ``declared``: the model says that this is its base."""
    found = [
        Finding(
            rule="weights.base-relation",
            severity=Severity.MEDIUM
            if declared and comparison.relation is Relation.NOT_DERIVED
            else Severity.INFO,
            message=comparison.sentence,
            evidence=_numbers(comparison),
            remedy="Ask the publisher how the model was made."
            if comparison.relation is Relation.NOT_DERIVED
            else "",
        )
    ]
    if comparison.lower_bits_only:
        count = comparison.lower_bits_only
        found.append(
            Finding(
                rule="weights.lower-bits-changed",
                severity=Severity.MEDIUM,
                message=f"{count} tensor{'s differ' if count > 1 else ' differs'} from "
                f"{comparison.base} in nothing but the lower half of the numbers: training changes "
                "upper bits too, hiding data does not.",
                evidence=_numbers(comparison),
                remedy="Use the base model's own tensors, or ask what was written there.",
            )
        )
    return found


def _aligned(ours: dict[str, TensorPrint], base: WeightPrint) -> dict[str, TensorPrint]:
    """Return the base's tensors by name, with a prefix dropped or added where that fits better:
    the same weights are called ``model.layers.0…`` with a head and ``layers.0…`` without."""
    plain = {tensor.name: tensor for tensor in base.tensors}
    best, best_shared = plain, len(ours.keys() & plain.keys())
    prefixes = {name.partition(".")[0] + "." for name in [*plain, *ours] if "." in name}
    for prefix in sorted(prefixes)[:20]:
        for renamed in (
            {name.removeprefix(prefix): tensor for name, tensor in plain.items()},
            {prefix + name: tensor for name, tensor in plain.items()},
        ):
            shared = len(ours.keys() & renamed.keys())
            if shared > best_shared and len(renamed) == len(plain):
                best, best_shared = renamed, shared
    return best


def _lower_bits_only(one: TensorPrint, other: TensorPrint) -> bool:
    return bool(one.upper_sha256) and (one.dtype, one.upper_sha256) == (
        other.dtype,
        other.upper_sha256,
    )


def _agreement(changed: list[tuple[TensorPrint, TensorPrint]]) -> float | None:
    """Return the median share of equal signs; matrices only: all scales of a norm are positive."""
    shares = []
    for one, other in changed:
        mine, theirs = unsketch(one.sketch), unsketch(other.sketch)
        least = min(len(mine), len(theirs))
        if len(one.shape) < 2 or least < _SKETCH_LEAST or len(mine) != len(theirs):
            continue
        shares.append(equal_signs(mine, theirs))
    return round(statistics.median(shares), 3) if shares else None


def _relation(counts: BaseComparison, base_size: int, same_shape: int) -> Relation:
    if not base_size or same_shape < _SHARED_LEAST * base_size:
        return Relation.OTHER_ARCHITECTURE
    if not counts.changed:
        extra = counts.added or counts.removed or counts.reshaped
        return Relation.DERIVED if extra else Relation.IDENTICAL
    # One equal matrix proves little (constant masks are equal everywhere); many prove descent.
    if counts.unchanged >= _SHARED_LEAST * same_shape:
        return Relation.DERIVED
    agreement = counts.sign_agreement
    if agreement is None:
        return Relation.UNDETERMINED
    if agreement >= _RELATED:
        return Relation.DERIVED
    return Relation.NOT_DERIVED if agreement < _UNRELATED else Relation.UNDETERMINED


def _sentence(counts: BaseComparison, relation: Relation, same_shape: int) -> str:
    share = 100 * counts.changed / same_shape if same_shape else 0.0
    extra = ", ".join(
        f"{count} {what}"
        for count, what in (
            (counts.added, "added"),
            (counts.removed, "left out"),
            (counts.reshaped, "of another shape"),
        )
        if count
    )
    tail = f" ({extra})" if extra else ""
    if relation is Relation.IDENTICAL:
        return f"The weights are those of {counts.base}, bit for bit."
    if relation is Relation.DERIVED:
        return f"Fine-tune of {counts.base}: {share:.0f} % of the tensors changed{tail}."
    if relation is Relation.NOT_DERIVED:
        return (
            f"Not derived from {counts.base}: the shapes are the same, the weights are unrelated"
            f"{tail}."
        )
    if relation is Relation.OTHER_ARCHITECTURE:
        return f"Not the architecture of {counts.base}: most of its tensors are not here{tail}."
    return f"Whether the weights come from {counts.base} cannot be told{tail}."


def _numbers(comparison: BaseComparison) -> str:
    agreement = comparison.sign_agreement
    signs = "" if agreement is None else f", equal signs in changed tensors {100 * agreement:.0f} %"
    return (
        f"{comparison.unchanged} tensors unchanged, {comparison.changed} changed, "
        f"{comparison.added} added, {comparison.removed} left out, "
        f"{comparison.reshaped} of another shape{signs}"
    )
