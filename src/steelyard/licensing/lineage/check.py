# SPDX-License-Identifier: Apache-2.0
"""Checks a lineage against a use: the one entry point of this package."""

from __future__ import annotations

from steelyard.kernel.lineage_answer import LineageAnswer
from steelyard.licensing.gpai import gpai_facts
from steelyard.licensing.lineage.carry import WHOLE, carry
from steelyard.licensing.lineage.duties import judge_duties
from steelyard.licensing.lineage.graph import LineageGraph, order
from steelyard.licensing.lineage.labels import judge_label, judge_together
from steelyard.licensing.lineage.reasons import Reported
from steelyard.licensing.lineage.training import judge_trained, judge_training
from steelyard.licensing.lineage.use import judge_use


def check_lineage(graph: LineageGraph) -> LineageAnswer:
    """Return what the licenses along ``graph`` mean for its use.

    Use and duties are judged on the final nodes, training on outputs and labels at every node on
    the way to them. Cost is linear in edges times different licenses.

    Raises:
        InputError: the graph cannot be a lineage (see :func:`~.graph.order`).
    """
    ordered = order(graph)
    reached = carry(ordered)
    reported = Reported(graph, frozenset(ordered.finals))
    use = graph.use_case
    for at in ordered.finals:
        arrived = list(reached[at].values())
        for carried in arrived:
            if carried.mode in WHOLE:
                judge_use(reported, carried, use)
            else:
                judge_trained(reported, carried, use)
            judge_duties(reported, carried, use)
        judge_together(reported, arrived, use)
    for at in ordered.ancestry():
        judge_training(reported, reached[at], reached, use)
        judge_label(reported, list(reached[at].values()), at, use)
    gpai = None
    if graph.release is not None:
        held = [
            carried.held
            for at in ordered.finals
            for carried in reached[at].values()
            if carried.mode in ("own", "derivative")
        ]
        gpai = gpai_facts([each.terms for each in held], graph.release)
    reasons = reported.reasons()
    return LineageAnswer(
        result=reasons[0].result if reasons else "ok",
        reasons=reasons,
        duties=reported.duties(),
        gpai=gpai,
        finals=tuple(graph.nodes[at].name for at in ordered.finals),
    )
