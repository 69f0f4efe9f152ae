# SPDX-License-Identifier: Apache-2.0
"""What the licenses along a lineage mean for one use: results by severity, reasons with clause and
path, duties with their state, and two answers of the EU AI Act.
"""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from steelyard.kernel.lineage import Relation

LINEAGE_ANSWER_SCHEMA = "steelyard.lineage/v1"

Result = Literal["prohibited", "needs_license", "duty_missing", "review", "ok"]
RESULTS: tuple[Result, ...] = get_args(Result)
"""Most severe first."""

DutyState = Literal["done", "missing", "to do", "not due", "unknown"]


class Step(Struct, frozen=True, kw_only=True, rename={"upstream": "from", "downstream": "to"}):
    """One edge of a path."""

    upstream: str
    relation: Relation
    downstream: str


class LineageReason(Struct, frozen=True, kw_only=True):
    """One answer. ``via`` names the nodes from the license's origin to ``node``, both included."""

    result: Result
    node: str
    via: tuple[str, ...]
    license: str
    """Catalog key, or what was written when it is not known."""
    clause: str
    """The kind of term, with its section where the text numbers them."""
    document: str
    quote: str
    """The license's own words; empty when none speak to the point."""
    message: str
    remedy: str
    path: tuple[Step, ...] = ()


class Duty(Struct, frozen=True, kw_only=True):
    """Something owed, whether or not it is due in this use. ``text`` is ready to be copied."""

    license: str
    clause: str
    what: str
    state: DutyState
    node: str
    file: str = ""
    text: str = ""
    quote: str = ""
    document: str = ""


class GpaiFact(Struct, frozen=True, kw_only=True):
    """One answer with what it rests on."""

    answer: Literal["yes", "no", "unknown"]
    reasons: tuple[str, ...]
    source: str
    as_of: str
    confidence: str = "secondary"


class GpaiFacts(Struct, frozen=True, kw_only=True):
    """The two facts."""

    open_source_exemption: GpaiFact
    modifier_becomes_provider: GpaiFact


class LineageAnswer(Struct, frozen=True, kw_only=True):
    """What a lineage means for one use. ``result`` is the most severe reason's."""

    result: Result
    reasons: tuple[LineageReason, ...]
    duties: tuple[Duty, ...]
    """Everything owed, with its state and the words to copy: the checklist."""
    finals: tuple[str, ...]
    """The nodes that were judged as what is used."""
    gpai: GpaiFacts | None = None
    """Answers to two questions of the EU AI Act, where the graph says how it is released."""
    schema: str = LINEAGE_ANSWER_SCHEMA
