# SPDX-License-Identifier: Apache-2.0
"""The governed vocabulary: one word for each thing, the same in every business unit."""

from __future__ import annotations

from typing import Final

VOCABULARY: Final[tuple[tuple[str, str], ...]] = (
    ("adoption", "A model revision, used for a use case, in an environment."),
    ("assessment", "What was found out about one revision: facts, findings, and what nobody saw."),
    ("charter", "The policy this handbook shows: one versioned file, named by its digest."),
    ("condition", "A binding term of a decision."),
    ("control", "What must be done and why; tasks meet it and evidence proves it."),
    ("coverage", "How much of a file was examined. What was not examined is not clean."),
    ("decision", "Approved, approved with conditions, review required or rejected, with reasons."),
    ("decision right", "Who may decide what, in which environment, at which risk."),
    ("digest", "A number worked out of bytes; it changes when a single byte does."),
    ("environment", "Where a model runs: sandbox, staging, production and others."),
    ("evidence", "Dated proof with a digest."),
    ("exception", "A permit against one rule, with an owner and an end."),
    ("fact", "A value a rule may read. A fact may be unknown, and unknown never helps a model."),
    ("finding", "Something the scanner saw: rule, severity, place, remedy."),
    ("gate", "What must be done before a stage of the lifecycle is left."),
    ("ledger", "The append-only record of every decision."),
    ("lineage", "What a model was made from, step by step."),
    ("quorum", "How many people must say yes."),
    ("recusal", "Stepping aside from a decision one has an interest in."),
    ("remedy", "What helps against a finding, or turns a rule around."),
    ("request", "Somebody asks to use a revision for a use case in an environment."),
    ("revision", "One immutable state of a model, named by commit and digest."),
    ("risk tier", "Low, moderate, high or critical, worked out from use case and facts."),
    ("sign-off", "A person's recorded yes or no, in a role."),
    ("standing approval", "A decision the charter takes by itself when nothing stands against it."),
    ("task", "The work that meets a control, with what shows that it is done."),
    ("track", "How deep a review goes: fast, standard or deep."),
    ("use case", "What a model is for: purpose, owner, data, people affected, autonomy, reach."),
)
"""Words and what they mean, by letter."""
