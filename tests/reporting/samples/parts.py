# SPDX-License-Identifier: Apache-2.0
"""What the samples share: use cases, files, a model card, controls, rules."""

from __future__ import annotations

from typing import Any

from steelyard.kernel.assessment import (
    CharterIdentity,
    ComponentFile,
    Control,
    ControlTask,
    Reference,
    RuleTrace,
)
from steelyard.kernel.card import EvaluationResult, ModelCard, Section
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import Coverage, Verdict
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.lineage import (
    Claim,
    Confidence,
    Contradiction,
    GraphEdge,
    GraphNode,
    ProvenanceGraph,
)

SCANNER = Scanner(version="0.1.0", rules_digest=sha256_hex(b"rules"))
CHARTER = CharterIdentity(name="acme-open-models", version="4", sha256=sha256_hex(b"charter"))
COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
PILOT: dict[str, Any] = {
    "name": "internal-search",
    "purpose": "Find passages in our engineering handbook",
    "owner": "search-team@example.org",
    "data_class": "internal",
    "personal_data": "none",
    "people_affected": "staff",
    "autonomy": "assistive",
    "exposure": "internal",
    "environment": "sandbox",
    "regions": ["EU"],
    "commercial": True,
    "sector": "software",
    "expires": "2027-06-30",
}
PRODUCT: dict[str, Any] = PILOT | {
    "name": "claims-triage",
    "purpose": "Sort insurance claims for handlers and draft replies to customers",
    "owner": "claims-platform@example.org",
    "sponsor": "coo@example.org",
    "data_class": "confidential",
    "personal_data": "special-category",
    "people_affected": "customers",
    "autonomy": "supervised",
    "exposure": "public",
    "environment": "production",
    "regions": ["EU", "GB"],
    "sector": "finance",
}


def component(
    path: str,
    kind: str,
    size: int,
    verdict: Verdict = Verdict.CLEAN,
    coverage: Coverage = Coverage.FULL,
) -> ComponentFile:
    return ComponentFile(
        path=path,
        format=kind,
        size=size,
        sha256=sha256_hex(path.encode()),
        verdict=verdict,
        coverage=coverage.value,
    )


CLEAN_FILES = (
    component("LICENSE", "text", 11_358),
    component("README.md", "markdown", 10_610),
    component("config.json", "json", 612),
    component("model.safetensors", "safetensors", 90_868_376),
    component("tokenizer.json", "json", 466_247),
    component("vocab.txt", "text", 231_508),
)
CARD = ModelCard(
    path="README.md",
    title="MiniLM sentence encoder",
    license=("apache-2.0",),
    base_models=("nreimers/MiniLM-L6-H384-uncased",),
    datasets=("s2orc", "ms_marco", "gooaq"),
    languages=("en",),
    pipeline_tag="sentence-similarity",
    library_name="sentence-transformers",
    evaluations=(
        EvaluationResult(task="STS", dataset="STSBenchmark", metric="spearman", value="82.03"),
        EvaluationResult(task="Retrieval", dataset="MS MARCO", metric="MRR@10", value="33.1"),
    ),
    training_data=Section(
        stated=True,
        heading="Training data",
        excerpt="We use the concatenation of multiple datasets: over one billion sentence pairs.",
    ),
    intended_use=Section(
        stated=True,
        heading="Intended uses",
        excerpt="A sentence and short paragraph encoder for search, clustering and similarity.",
    ),
    limitations=Section(
        stated=True,
        heading="Limitations",
        excerpt="Input longer than 256 word pieces is truncated. English only.",
    ),
    evaluation=Section(stated=True, heading="Evaluation"),
)
LLM09 = Reference(id="LLM03:2025", title="Supply Chain", framework="OWASP Top 10 for LLM")
CONTROLS = (
    Control(
        id="bytes-pinned",
        title="The revision is pinned by digest",
        why="A name can be moved to other bytes; a digest cannot.",
        frameworks=(LLM09, Reference(id="MANAGE-3.1", framework="NIST AI RMF")),
        tasks=(
            ControlTask(
                id="pin",
                title="Deploy by manifest digest",
                acceptance="the deployment names the manifest digest, not a branch",
            ),
        ),
        state="satisfied",
        evidence="manifest.json",
    ),
    Control(
        id="output-monitoring",
        title="Outputs are monitored for drift",
        why="A model that was good when it was let in may not stay good for your data.",
        frameworks=(
            Reference(id="Art. 72", title="Post-market monitoring", framework="EU AI Act"),
        ),
        tasks=(
            ControlTask(
                id="baseline",
                title="Record a baseline of scores",
                acceptance="a baseline of at least 1,000 requests is stored",
            ),
            ControlTask(id="alert", title="Alert on drift", acceptance="a breach pages the owner"),
        ),
        state="open",
    ),
    Control(
        id="exit-plan",
        title="There is a way out",
        why="A publisher may change terms or stop support.",
        state="not_evaluated",
    ),
)


def trace(rule: str, applies: str, satisfied: str | None, **more: Any) -> RuleTrace:
    fields: dict[str, Any] = {
        "rule": rule,
        "why": f"Why the charter has the rule {rule}.",
        "effect": "reject",
        "applies": applies,
        "satisfied": satisfied,
        "applies_text": "environment != 'sandbox'",
        "require_text": "scan.worst == 'clean' && !artifacts.executes_on_load",
    }
    return RuleTrace(**(fields | more))


def claim(file: str, key: str, quote: str, confidence: Confidence = "stated") -> Claim:
    return Claim(file=file, key=key, quote=quote, confidence=confidence)


LINEAGE = ProvenanceGraph(
    subject="acme/Claims-8B-GGUF",
    origin="stated",
    nodes=(
        GraphNode(
            name="acme/Claims-8B-GGUF",
            kind="quantisation",
            license="mit",
            role="final",
            state="assessed",
        ),
        GraphNode(name="acme/Claims-8B", kind="model"),
        GraphNode(name="acme/claims-lora", kind="adapter", license="apache-2.0"),
        GraphNode(
            name="meta-llama/Llama-3.1-8B",
            kind="model",
            license="llama-3.1-license-2024",
            license_source="README.md of the maker",
        ),
        GraphNode(name="acme/claims-2024", kind="dataset"),
        GraphNode(name="unnamed teacher model", kind="model", state="unnamed"),
    ),
    edges=(
        GraphEdge(
            upstream="acme/Claims-8B",
            downstream="acme/Claims-8B-GGUF",
            relation="quantised_from",
            confidence="stated",
            claims=(claim("README.md", "base_model", "acme/Claims-8B"),),
        ),
        GraphEdge(
            upstream="meta-llama/Llama-3.1-8B",
            downstream="acme/Claims-8B",
            relation="finetune",
            confidence="stated",
            inferred=True,
            claims=(claim("m.gguf", "general.base_model.0.name", "Llama 3.1 8B"),),
        ),
        GraphEdge(
            upstream="acme/claims-lora",
            downstream="acme/Claims-8B",
            relation="merge_of",
            confidence="strong",
            claims=(claim("mergekit_config.yml", "models[1]", "x", "strong"),),
        ),
        GraphEdge(
            upstream="acme/claims-2024",
            downstream="acme/claims-lora",
            relation="trained_on",
            confidence="stated",
            claims=(claim("README.md", "datasets[0]", "acme/claims-2024"),),
        ),
        GraphEdge(
            upstream="unnamed teacher model",
            downstream="acme/Claims-8B",
            relation="distilled_from_outputs",
            confidence="weak",
            more_claims=3,
            claims=(claim("README.md", "tags[3]", "distillation", "weak"),),
        ),
    ),
    contradictions=(
        Contradiction(
            kind="license-of-base",
            severity="high",
            message="It is declared under MIT, but it is made from meta-llama/Llama-3.1-8B.",
            quotes=(claim("README.md", "license", "mit"),),
        ),
    ),
    evaluated_on=("STSBenchmark",),
    problems=("adapter_config.json: The file is not JSON.",),
)
RULES = (
    trace("no-code-execution-on-load", "true", "true", facts={"scan.worst": "clean"}),
    trace("license-known", "true", "true", facts={"license.category": "permissive"}),
    trace("training-data-named", "false", None, effect="review"),
    trace("publisher-allowed", "true", "true"),
)
