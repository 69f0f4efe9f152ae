# SPDX-License-Identifier: Apache-2.0
"""Revisions to write bills of: a rich one, an empty one, a large one, and any that can be."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from steelyard.kernel.assessment import ComponentFile, Model, Subject
from steelyard.kernel.card import (
    EvaluationResult,
    ModelCard,
    ModelConfig,
    PackageMetadata,
    Section,
)
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import Verdict
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.license import (
    DeclaredLicense,
    LicenseFile,
    LicenseMatch,
    LicenseSummary,
    LicenseVerdict,
)
from steelyard.kernel.lineage import (
    CONFIDENCE_ORDER,
    RELATIONS,
    Confidence,
    LineageClaim,
    LineageFact,
    LineagePaper,
    NodeKind,
    ProvenanceGraph,
    Relation,
)
from steelyard.licensing.lineage.graph import LineageEdge, LineageGraph, LineageNode
from steelyard.provenance.graph import Identity, build_graph
from steelyard.reporting.bom.revision import Revision

COMMIT = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
SCANNER = Scanner(version="0.1.0", rules_digest=sha256_hex(b"rules"))
CREATED = "2026-11-20T08:00:00Z"


def file(path: str, kind: str, size: int = 10, digest: bool = True) -> ComponentFile:
    return ComponentFile(
        path=path,
        format=kind,
        size=size,
        sha256=sha256_hex(path.encode()) if digest else "",
        verdict=Verdict.CLEAN if digest else Verdict.UNREADABLE,
        coverage="full" if digest else "none",
    )


def empty() -> Revision:
    return Revision(
        subject=Subject(
            purl=f"pkg:generic/empty?checksum=sha256:{sha256_hex(b'')}",
            name="empty",
            commit=None,
            manifest_sha256=sha256_hex(b""),
            files=0,
            size=0,
        ),
        model=Model(),
        card=None,
        license=LicenseSummary(),
        files=(),
        verdict=Verdict.UNREADABLE,
        coverage="none",
        scanner=SCANNER,
        created=CREATED,
    )


def rich() -> Revision:
    """A fine-tune with an adapter inside, a tokenizer, its own code, packages and a card."""
    card = ModelCard(
        path="README.md",
        title="Claims 8B",
        license=("llama3.1",),
        license_link="LICENSE.txt",
        base_models=("meta-llama/Llama-3.1-8B", "/srv/models/secret base"),
        base_model_relation="finetune",
        datasets=("HuggingFaceH4/ultrachat_200k", "squad"),
        evaluations=(
            EvaluationResult(task="QA", dataset="squad", metric="f1", value="0.91"),
            EvaluationResult(metric="accuracy", value="0.88"),
        ),
        training_data=Section(stated=True, excerpt="Two million support dialogues."),
        intended_use=Section(stated=True, excerpt="Drafting replies."),
        limitations=Section(stated=True, excerpt="English only."),
        pipeline_tag="text-generation",
        library_name="transformers",
    )
    files = (
        file("LICENSE.txt", "text"),
        file("README.md", "markdown"),
        file("adapters/de/adapter_config.json", "json"),
        file("adapters/de/adapter_model.safetensors", "safetensors"),
        file("broken.bin", "unknown", digest=False),
        file("config.json", "json"),
        file("model.safetensors", "safetensors", 16_060_522_240),
        file("modeling_claims.py", "python"),
        file("tokenizer.json", "json"),
        file("tokenizer_config.json", "json"),
        file("wheels/tools-1.2.dist-info/METADATA", "text"),
    )
    return Revision(
        subject=Subject(
            purl=f"pkg:huggingface/acme/claims-8b@{COMMIT}"
            "?repository_url=https://hub.example.org/acme",
            name="acme/claims-8b",
            commit=COMMIT,
            manifest_sha256=sha256_hex(b"claims"),
            files=len(files) - 1,
            size=16_060_522_330,
        ),
        model=Model(
            publisher="acme",
            task="text-generation",
            library="transformers",
            model_type="llama",
            architectures=("LlamaForCausalLM",),
            languages=("en", "de"),
            formats=("safetensors",),
            parameters=8_030_261_248,
            base_models=card.base_models,
            datasets=card.datasets,
        ),
        card=card,
        license=LicenseSummary(
            declared="llama3.1",
            declarations=(
                DeclaredLicense(
                    source="card",
                    path="README.md",
                    raw="llama3.1",
                    key="llama-3.1-license-2024",
                    spdx="LicenseRef-scancode-llama-3.1-license-2024",
                ),
            ),
            detected=(LicenseMatch(key="apache-2.0", spdx="Apache-2.0", coverage=1.0),),
            files=(
                LicenseFile(
                    path="LICENSE.txt",
                    verdict=LicenseVerdict.EXACT,
                    matches=(LicenseMatch(key="apache-2.0", spdx="Apache-2.0", coverage=1.0),),
                ),
            ),
            expression="Apache-2.0 AND LicenseRef-scancode-llama-3.1-license-2024",
            category="community",
            commercial_use="conditional",
        ),
        files=files,
        verdict=Verdict.SUSPICIOUS,
        coverage="none",
        scanner=SCANNER,
        created=CREATED,
        configs=(
            ModelConfig(path="adapters/de/adapter_config.json", base_models=("acme/claims-8b-en",)),
            ModelConfig(path="config.json", model_type="llama"),
        ),
        packages=(
            PackageMetadata(
                path="wheels/tools-1.2.dist-info/METADATA",
                name="Claims_Tools",
                version="1.2",
                summary="Helpers",
                license_expression="MIT",
                home_page="https://tools.example.org/claims",
            ),
        ),
        weights=("adapters/de/adapter_model.safetensors", "model.safetensors"),
        code=("modeling_claims.py",),
        loaded_code=("modeling_claims.py",),
        lineage=claimed(),
    )


def claimed() -> ProvenanceGraph:
    """What the files of :func:`rich` claim, by every confidence."""
    return build_graph(
        Identity(name="acme/claims-8b", license="unknown", revision=COMMIT),
        (
            LineagePaper(
                path="README.md",
                source="card",
                claims=(
                    _claim("base_model[0]", "meta-llama/Llama-3.1-8B", "finetune"),
                    _claim("base_model[1]", "/srv/models/secret base", "finetune"),
                    _claim("datasets[0]", "HuggingFaceH4/ultrachat_200k", "trained_on", "dataset"),
                    _claim("datasets[1]", "squad", "trained_on", "dataset"),
                ),
                facts=(LineageFact(about="evaluated_on", key="model-index", text="MMLU"),),
            ),
            LineagePaper(
                path="adapters/de/adapter_config.json",
                source="adapter",
                claims=(
                    _claim("base_model_name_or_path", "acme/claims-8b-en", "adapter_of",
                           confidence="strong"),
                ),
            ),
            LineagePaper(
                path="config.json",
                source="config",
                claims=(_claim("_name_or_path", "acme/stray", None, confidence="weak"),),
            ),
        ),
    )  # fmt: skip


def _claim(
    key: str,
    name: str,
    relation: Relation | None,
    kind: NodeKind = "model",
    confidence: Confidence = "stated",
) -> LineageClaim:
    return LineageClaim(
        key=key, quote=name, confidence=confidence, name=name, kind=kind, relation=relation
    )


def drawn() -> LineageGraph:
    """A lineage that knows more than the card of :func:`rich`, with every relation once."""
    return LineageGraph(
        nodes=(
            LineageNode(name="acme/claims-8b", kind="model", license="mit", role="final"),
            LineageNode(
                name="meta-llama/Llama-3.1-8B",
                kind="model",
                license="llama3.1",
                actual="llama3.1",
            ),
            LineageNode(name="squad", kind="dataset", license="cc-by-sa-4.0"),
            LineageNode(name="a teacher", kind="distillation"),
            LineageNode(name="acme/train@v2", kind="code", license="apache-2.0"),
            LineageNode(name="generated answers", kind="dataset", declared="Acme Terms 3"),
            LineageNode(name="pages", kind="dataset"),
            LineageNode(name="acme/merge@1", kind="merge", license="apache-2.0"),
        ),
        edges=(
            LineageEdge(
                upstream="meta-llama/Llama-3.1-8B", downstream="acme/merge@1", relation="merge_of"
            ),
            LineageEdge(
                upstream="acme/merge@1", downstream="acme/claims-8b", relation="quantised_from"
            ),
            LineageEdge(upstream="squad", downstream="acme/claims-8b", relation="trained_on"),
            LineageEdge(upstream="a teacher", downstream="generated answers", relation="generated"),
            LineageEdge(
                upstream="generated answers", downstream="acme/claims-8b", relation="trained_on"
            ),
            LineageEdge(
                upstream="acme/train@v2", downstream="acme/claims-8b", relation="trained_with_code"
            ),
            LineageEdge(upstream="pages", downstream="generated answers", relation="included_in"),
        ),
    )


def large(count: int) -> Revision:
    files = tuple(file(f"shards/{number:05}.safetensors", "safetensors") for number in range(count))
    base = empty()
    return Revision(
        subject=base.subject,
        model=base.model,
        card=None,
        license=base.license,
        files=files,
        verdict=Verdict.CLEAN,
        coverage="full",
        scanner=SCANNER,
        created=CREATED,
        weights=tuple(file.path for file in files),
    )


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
"""Any text that JSON can hold: control characters, right-to-left, unassigned, nothing at all."""
NAMES = TEXT | st.sampled_from(
    ("org/name", "gpt2", "org/name@rev", "a/b/c", "../up", "\x00", "\u202e", "urn:cdx:x", "#", "@")
)
PATHS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00/"), min_size=1, max_size=12
).filter(lambda part: part not in (".", "..")) | st.sampled_from(
    ("tokenizer.json", "README.md", "modeling_x.py", "adapter/adapter_config.json", "a:b", "%", "#")
)
LICENSES = TEXT | st.sampled_from(
    ("mit", "Apache-2.0 OR MIT", "LicenseRef-x", "((", "GPL-2.0+ WITH Classpath-exception-2.0")
)
LINKS = TEXT | st.sampled_from(
    (
        "LICENSE",
        "https://example.org/a b",
        "https://example.org/%zz",
        "http://[::1]/",
        "https://é.example/",
    )
)
SECTIONS = st.builds(Section, stated=st.booleans(), excerpt=TEXT)
KINDS: tuple[NodeKind, ...] = get_args(NodeKind)


def _tuples(of: SearchStrategy[str]) -> SearchStrategy[tuple[str, ...]]:
    return st.lists(of, max_size=3).map(tuple)


CARDS = st.builds(
    ModelCard,
    path=PATHS,
    title=TEXT,
    license_link=LINKS,
    base_models=_tuples(NAMES),
    base_model_relation=st.sampled_from(("", "finetune", "adapter", "merge", "odd")),
    datasets=_tuples(NAMES),
    evaluations=st.lists(
        st.builds(EvaluationResult, task=TEXT, dataset=TEXT, metric=TEXT, value=TEXT), max_size=3
    ).map(tuple),
    training_data=SECTIONS,
    intended_use=SECTIONS,
    limitations=SECTIONS,
)


PAPERS = st.lists(
    st.builds(
        LineagePaper,
        path=PATHS,
        source=st.sampled_from(("card", "adapter", "config")),
        claims=st.lists(
            st.builds(
                LineageClaim,
                key=TEXT,
                quote=TEXT,
                confidence=st.sampled_from(CONFIDENCE_ORDER),
                name=NAMES,
                kind=st.sampled_from(KINDS),
                relation=st.none() | st.sampled_from(RELATIONS),
                role=st.sampled_from(("", "tokenizer")),
            ),
            max_size=4,
        ).map(tuple),
        facts=st.lists(
            st.builds(LineageFact, about=st.just("evaluated_on"), key=TEXT, text=TEXT), max_size=2
        ).map(tuple),
    ),
    max_size=3,
)


@st.composite
def graphs(draw: st.DrawFn) -> LineageGraph:
    names = draw(st.lists(NAMES.filter(str.strip), unique=True, max_size=5))
    nodes = tuple(
        LineageNode(
            name=name,
            kind=draw(st.sampled_from(KINDS)),
            license=draw(LICENSES),
            declared=draw(st.none() | LICENSES),
            actual=draw(st.none() | LICENSES),
            role=draw(st.sampled_from((None, "final"))),
        )
        for name in names
    )
    ends = st.sampled_from(names) if names else st.nothing()
    edge = st.builds(
        LineageEdge, upstream=ends, downstream=ends, relation=st.sampled_from(RELATIONS)
    )
    edges = draw(st.lists(edge, max_size=6)) if names else []
    return LineageGraph(nodes=nodes, edges=tuple(edges))


@st.composite
def revisions(draw: st.DrawFn) -> Revision:
    paths = draw(st.lists(PATHS, unique=True, max_size=6))
    files = tuple(
        file(
            path,
            draw(st.sampled_from(("json", "python", "markdown", "odd \x07", ""))),
            digest=draw(st.booleans()),
        )
        for path in paths
    )
    card = draw(st.none() | CARDS)
    name = draw(NAMES.filter(bool))
    some = st.sampled_from(paths) if paths else PATHS
    return Revision(
        subject=Subject(
            purl=draw(
                st.sampled_from(
                    (
                        "pkg:generic/x",
                        "no package url",
                        f"pkg:huggingface/a/b@{COMMIT}?vcs_url=git%2Bhttps://example.org/a.git",
                        "pkg:generic/x?download_url=javascript:alert(1)",
                        "pkg:generic/x@" + "9" * 2000,
                    )
                )
            ),
            name=name,
            commit=draw(st.sampled_from((None, COMMIT))),
            manifest_sha256=sha256_hex(repr(paths).encode()),
            files=len(files),
            size=0,
        ),
        model=Model(
            publisher=draw(TEXT),
            task=draw(TEXT),
            model_type=draw(TEXT),
            architectures=draw(_tuples(TEXT)),
            base_models=draw(_tuples(NAMES)),
            datasets=draw(_tuples(NAMES)),
        ),
        card=card,
        license=LicenseSummary(
            declared=draw(st.none() | LICENSES),
            expression=draw(st.none() | LICENSES),
            detected=tuple(
                LicenseMatch(key=key, spdx="", coverage=1.0)
                for key in draw(st.lists(LICENSES, max_size=2))
            ),
            files=tuple(
                LicenseFile(
                    path=path,
                    verdict=LicenseVerdict.EXACT,
                    matches=(LicenseMatch(key="mit", spdx="MIT", coverage=1.0),),
                )
                for path in draw(st.lists(some, max_size=2))
            ),
        ),
        files=files,
        verdict=Verdict.CLEAN,
        coverage="full",
        scanner=SCANNER,
        created=CREATED,
        decided={"steelyard:use_case": draw(TEXT)},
        configs=tuple(
            ModelConfig(path=path, base_models=draw(_tuples(NAMES)))
            for path in draw(st.lists(some, max_size=2))
        ),
        packages=tuple(
            draw(
                st.lists(
                    st.builds(
                        PackageMetadata,
                        path=some,
                        name=NAMES,
                        version=TEXT,
                        summary=TEXT,
                        license=LICENSES,
                        home_page=LINKS,
                    ),
                    max_size=3,
                )
            )
        ),
        code=tuple(file.path for file in files if file.format == "python"),
        weights=tuple(draw(st.lists(some, max_size=2))) if paths else (),
        lineage=build_graph(Identity(name=name), draw(PAPERS)) if draw(st.booleans()) else None,
        drawn=draw(st.none() | graphs()),
    )
