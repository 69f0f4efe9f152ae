# SPDX-License-Identifier: Apache-2.0
"""Build ``src/steelyard/catalog/data/frameworks.json`` from researched tables of ids and titles.

Usage: ``python scripts/build_framework_catalog.py FACTS_DIRECTORY`` where the directory holds the
``frameworks/*.csv`` tables (columns framework, id, title, source). Each entry gets its kind, so
that "38 controls" is a count and not a guess; ids that a later edition dropped or moved are listed
with what says the same today; damaged titles are repaired, each with the reason. Frameworks of
sectors come from ``catalog/data/frameworks_extra.toml``, with their own dates.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

AS_OF = "2026-11-23"
OUTPUT = Path(__file__).parents[1] / "src/steelyard/catalog/data/frameworks.json"
EXTRA = OUTPUT.with_name("frameworks_extra.toml")
CC_BY_SA = "CC-BY-SA-4.0"
OWASP = "OWASP Foundation and contributors, ids and titles under CC BY-SA 4.0."


@dataclass(frozen=True)
class Table:
    """How one table becomes a framework: its prefix, name, version, confidence and terms."""

    file: str
    prefix: str
    framework: str
    version: str
    confidence: str
    license: str
    attribution: str = ""
    only: str = ""
    """A regular expression that the table's own framework column must match."""
    kinds: tuple[tuple[str, str], ...] = ()
    """Kinds of entries: a regular expression of the item's id, and the kind. First match wins."""


COSAI_KINDS = (
    (r"risk", "risk"), (r"control", "control"), (r"persona", "persona"),
    (r"component", "component"),
)  # fmt: skip
CONCEPT_KINDS = (
    (r"class:|gpai", "class"), (r"role:", "role"), (r"role-shift:", "role shift"),
    (r"annexIII:", "high-risk area"), (r"date:", "date"), (r".*-retention:", "retention duty"),
)  # fmt: skip
ATLAS_KINDS = (
    (r"AML\.TA", "tactic"), (r"AML\.T\d+\.", "sub-technique"), (r"AML\.T", "technique"),
    (r"AML\.M", "mitigation"), (r"AML\.CS", "case study"),
)  # fmt: skip
RMF_KINDS = ((r"[A-Z]+$", "function"), (r"[A-Z]+-\d+$", "category"), (r"", "subcategory"))
SSDF_KINDS = ((r"[A-Z]+$", "group"), (r"[A-Z]+\.\d+$", "practice"), (r"", "task"))

TABLES = (
    Table("ai_verify_process_checks", "AI-Verify", "AI Verify process checks", "stock plugin",
          "text", "Apache-2.0", "AI Verify Foundation.",
          kinds=((r"", "process check"),)),
    Table("cosai_risk_map", "CoSAI", "CoSAI Risk Map", "2026", "text", "Apache-2.0",
          "Coalition for Secure AI, OASIS Open.",
          kinds=COSAI_KINDS),
    Table("eu_ai_act_articles", "EU-AI-Act", "EU AI Act", "Regulation (EU) 2024/1689", "text",
          "EUR-Lex reuse", "European Union, https://eur-lex.europa.eu/.",
          kinds=((r"Chapter", "chapter"), (r"Annex", "annex"), (r"", "article"))),
    Table("eu_ai_act_encoding", "EU-AI-Act-Concepts", "EU AI Act: classes, roles and dates",
          "Regulation (EU) 2024/1689 as amended by (EU) 2026/1744", "secondary", "EUR-Lex reuse",
          "European Union, https://eur-lex.europa.eu/.",
          kinds=CONCEPT_KINDS),
    Table("g7_sbom_for_ai_clusters", "G7-SBOM-AI", "G7 SBOM for AI, minimum elements",
          "2026-05-12", "secondary", "ids and titles only",
          kinds=((r"", "cluster"),)),
    Table("gdpr_articles", "GDPR", "GDPR", "Regulation (EU) 2016/679", "text", "EUR-Lex reuse",
          "European Union, https://eur-lex.europa.eu/.",
          kinds=((r"", "article"),)),
    Table("google_saif", "SAIF", "Google SAIF", "2025", "secondary", "ids and titles only",
          kinds=((r"GSC", "control"), (r"", "risk"))),
    Table("iso42001_annexA_controls", "ISO-42001", "ISO/IEC 42001", "2023", "secondary",
          "ISO copyright: ids and titles only",
          kinds=((r"", "control"),)),
    Table("iso42001_annexA_objectives_and_clauses", "ISO-42001", "ISO/IEC 42001", "2023",
          "secondary", "ISO copyright: ids and titles only",
          kinds=((r"A", "objective"), (r"", "clause"))),
    Table("mitre_atlas_tactics", "ATLAS", "MITRE ATLAS", "5.6.0", "text", "Apache-2.0",
          "The MITRE Corporation.",
          kinds=ATLAS_KINDS),
    Table("mitre_atlas_techniques", "ATLAS", "MITRE ATLAS", "5.6.0", "text", "Apache-2.0",
          "The MITRE Corporation.",
          kinds=ATLAS_KINDS),
    Table("mitre_atlas_mitigations", "ATLAS", "MITRE ATLAS", "5.6.0", "text", "Apache-2.0",
          "The MITRE Corporation.",
          kinds=ATLAS_KINDS),
    Table("mitre_atlas_case_studies", "ATLAS", "MITRE ATLAS", "5.6.0", "text", "Apache-2.0",
          "The MITRE Corporation.",
          kinds=ATLAS_KINDS),
    Table("mitre_atlas_2026.07_delta", "ATLAS", "MITRE ATLAS", "2026.07", "secondary",
          "Apache-2.0", "The MITRE Corporation.", only="added",
          kinds=ATLAS_KINDS),
    Table("nist_ai_600_1_risks", "NIST-AI-600-1", "NIST AI 600-1, Generative AI Profile", "2024",
          "unverified", "public domain",
          kinds=((r"", "risk"),)),
    Table("nist_ai_rmf_1.0", "NIST-AI-RMF", "NIST AI Risk Management Framework", "1.0", "text",
          "public domain",
          kinds=RMF_KINDS),
    Table("nist_sp800_218a_additions", "SSDF-218A", "NIST SP 800-218A", "2024", "secondary",
          "public domain",
          kinds=SSDF_KINDS),
    Table("nist_ssdf_1.1", "SSDF", "NIST Secure Software Development Framework", "1.1", "text",
          "public domain",
          kinds=SSDF_KINDS),
    Table("owasp_agentic_top10_2026", "OWASP-Agentic-2026",
          "OWASP Top 10 for Agentic Applications", "2026", "secondary", CC_BY_SA, OWASP,
          kinds=((r"", "risk"),)),
    Table("owasp_aisvs_1.0", "OWASP-AISVS", "OWASP AISVS", "1.0", "text", CC_BY_SA, OWASP,
          kinds=((r"", "requirement"),)),
    Table("owasp_llm_governance_checklist", "OWASP-LLM-Checklist",
          "OWASP LLM AI Cybersecurity and Governance Checklist", "1.1", "secondary", CC_BY_SA,
          OWASP,
          kinds=((r"\d+$", "section"), (r"", "check"))),
    Table("owasp_llm_top10_2025", "OWASP-LLM-2025", "OWASP Top 10 for LLM Applications", "2025",
          "text", CC_BY_SA, OWASP,
          kinds=((r"", "risk"),)),
    Table("owasp_llm_top10_2026", "OWASP-LLM-2026", "OWASP Top 10 for LLM Applications", "2026",
          "secondary", CC_BY_SA, OWASP,
          kinds=((r"", "risk"),)),
    Table("owasp_ml_top10_2023", "OWASP-ML-2023", "OWASP Machine Learning Security Top 10",
          "2023 draft", "text", CC_BY_SA, OWASP,
          kinds=((r"", "risk"),)),
)  # fmt: skip


REPAIRS = (
    ("EU-AI-Act:Art-1", "Subject matter`", "Subject matter", "a stray character of the source"),
    ("EU-AI-Act:Art-22", "AI system", "AI systems", "cut off in the source"),
    ("EU-AI-Act:Art-50", "providers and users", "providers and deployers",
     "the source has the wording before publication; checked at regulation-ai.eu"),
    ("NIST-AI-RMF:MAP-1.1", "contextspecific", "context-specific", "a lost hyphen"),
    ("NIST-AI-RMF:MEASURE-4.3", "contextrelevant", "context-relevant", "a lost hyphen"),
    ("OWASP-LLM-Checklist:", "indemni fication", "indemnification", "a broken ligature"),
    ("OWASP-LLM-Checklist:", "Indemni fication", "Indemnification", "a broken ligature"),
    ("OWASP-LLM-Checklist:", "classi fied", "classified", "a broken ligature"),
    ("OWASP-LLM-Checklist:", "Veri fication", "Verification", "a broken ligature"),
    ("AI-Verify:", '\\"', '"', "an escape of the source's programming language"),
)  # fmt: skip
"""Damages of titles: where (an id or its beginning), what stands there, what belongs, and why."""
RENUMBERED = "The titles of both editions are the same but for the order."
SAME_TITLES = ("OWASP-LLM-2025", "OWASP-LLM-2026")
"""An edition and the next one, whose entries are followed by their titles."""
CHANGES = (
    ("OWASP-LLM-2025:LLM07", "", ("OWASP-LLM-2026:LLM08",),
     "Our judgement: the next edition widens system prompts to all hidden context."),
    ("ATLAS:AML.T0019", "2026.07", ("ATLAS:AML.T0115.000",),
     "Our judgement: one technique with a part each for datasets, models and tools replaces it."),
    ("ATLAS:AML.T0058", "2026.07", ("ATLAS:AML.T0115.001",),
     "Our judgement: one technique with a part each for datasets, models and tools replaces it."),
    ("ATLAS:AML.T0104", "2026.07", ("ATLAS:AML.T0115.002",),
     "Our judgement: one technique with a part each for datasets, models and tools replaces it."),
)  # fmt: skip
"""Entries that a later edition dropped or moved: id, edition that dropped it (empty: the list it
is in stands, and a newer list exists), what says the same today, and where we have that from."""
DELTA = "mitre_atlas_2026.07_delta"


def item_id(prefix: str, raw: str) -> str:
    """Return the part of a reference after the colon: short, without spaces."""
    text = " ".join(raw.split())
    text = re.sub(r"^Article ", "Art-", text)
    if prefix == "EU-AI-Act":
        text = re.sub(r"^(CHAPTER|ANNEX) ", lambda m: m[1].capitalize() + "-", text)
    if prefix.startswith("OWASP-"):
        text = re.sub(r":20\d\d$", "", text)
    return text.replace(" ", "-")


def confidence_of(table: Table, item: str) -> str:
    """Return an entry's confidence where it differs from its table's."""
    if table.prefix == "NIST-AI-600-1" and int(item.rpartition(".")[2]) <= 5:
        return "secondary"  # the order and the first five were confirmed in publications
    if table.prefix == "EU-AI-Act" and item in ("Art-22", "Art-50"):
        return "secondary"  # their titles were put right after other publications
    return ""


def framework_of(table: Table, rows: list[dict[str, str]]) -> dict[str, object]:
    """Return one framework as the catalog stores it; sources are listed once."""
    sources: list[str] = []
    items: list[list[object]] = []
    for row in rows:
        if table.only and not re.search(table.only, row["framework"]):
            continue
        source = clean_source(row["source"])
        if source not in sources:
            sources.append(source)
        item = item_id(table.prefix, row["id"])
        title = repaired(f"{table.prefix}:{item}", " ".join(row["title"].split()))
        entry: list[object] = [item, title, sources.index(source), kind_of(table, item)]
        entry += [confidence_of(table, item), level_of(row["framework"])]
        while not entry[-1]:
            del entry[-1]
        items.append(entry)
    return {
        "prefix": table.prefix,
        "framework": table.framework,
        "version": table.version,
        "confidence": table.confidence,
        "license": table.license,
        "attribution": table.attribution,
        "sources": sources,
        "items": items,
    }


def repaired(reference: str, title: str) -> str:
    """Return a title without the damages that are known for it."""
    for where, wrong, right, _ in REPAIRS:
        if reference == where or (where.endswith(":") and reference.startswith(where)):
            title = re.sub(re.escape(wrong) + (r"\b" if wrong[-1].isalpha() else ""), right, title)
    return title


def kind_of(table: Table, item: str) -> str:
    """Return the kind of an entry, such as ``control`` or ``article``."""
    return next(kind for pattern, kind in table.kinds if re.match(pattern, item))


def level_of(framework: str) -> str:
    """Return the level a verification standard gives an entry, else nothing."""
    found = re.search(r"\((L\d)\)$", framework)
    return found[1] if found else ""


def changes(directory: Path, frameworks: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return what later editions dropped, moved or renamed, by id."""
    former, later = (
        {
            entry[1]: f"{prefix}:{entry[0]}"
            for framework in frameworks
            if framework["prefix"] == prefix
            for entry in framework["items"]  # type: ignore[attr-defined]
        }
        for prefix in SAME_TITLES
    )
    moved = [
        {"id": former[title], "replaced_by": [later[title]], "basis": RENUMBERED}
        for title in former
        if title in later
    ]
    found = [
        {"id": one, "removed_in": edition, "replaced_by": list(by), "basis": basis}
        for one, edition, by, basis in CHANGES
    ]
    renamed = []
    with (directory / f"{DELTA}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["framework"].endswith("renamed"):
                before, _, after = row["title"].partition(" -> ")
                renamed.append(
                    {
                        "id": f"ATLAS:{row['id']}",
                        "renamed_in": "2026.07",
                        "title": after,
                        "former_title": before,
                        "basis": f"{clean_source(row['source'])}.",
                    }
                )
    every = [*moved, *found, *renamed]
    return [{key: value for key, value in one.items() if value} for one in every]


def extra() -> list[dict[str, object]]:
    """Return the frameworks written in ``EXTRA`` as the catalog stores them."""
    found = []
    for one in tomllib.loads(EXTRA.read_text(encoding="utf-8"))["frameworks"]:
        items = [[item, title, 0, *more] for item, title, *more in one["items"]]
        found.append({**one, "items": items})
    return found


def clean_source(source: str) -> str:
    """Return a source without the researcher's private shorthand."""
    text = re.sub(r"\s*\(stored-index ids [^)]*\)", "", source)
    text = text.replace("SECONDARY: ", "").replace("CISO ai-act.yaml", "ciso-assistant ai-act.yaml")
    return " ".join(text.split())


def main(arguments: list[str]) -> int:
    """Write the catalog and say how much it holds."""
    if len(arguments) != 1:
        print("usage: build_framework_catalog.py FACTS_DIRECTORY", file=sys.stderr)
        return 2
    directory = Path(arguments[0]) / "frameworks"
    frameworks = []
    for table in TABLES:
        with (directory / f"{table.file}.csv").open(encoding="utf-8", newline="") as file:
            frameworks.append(framework_of(table, list(csv.DictReader(file))))
    frameworks += extra()
    catalog = {
        "as_of": AS_OF,
        "frameworks": frameworks,
        "changes": changes(directory, frameworks),
    }
    text = json.dumps(catalog, ensure_ascii=False, separators=(",", ":"))
    for start in ('{"prefix"', '"changes"', '{"id"'):
        text = text.replace(start, f"\n{start}")
    OUTPUT.write_text(text + "\n", encoding="utf-8")
    counts = [len(entry["items"]) for entry in frameworks if isinstance(entry["items"], list)]
    print(f"{len(frameworks)} tables, {sum(counts)} items, {OUTPUT.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
