# SPDX-License-Identifier: Apache-2.0
"""Build ``src/steelyard/catalog/data/frameworks.json`` from researched tables of ids and titles.

Usage: ``python scripts/build_framework_catalog.py FACTS_DIRECTORY`` where the directory holds the
``frameworks/*.csv`` tables (columns framework, id, title, source).
"""

from __future__ import annotations

import csv
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

AS_OF = "2026-11-23"
OUTPUT = Path(__file__).parents[1] / "src/steelyard/catalog/data/frameworks.json"
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


TABLES = (
    Table("ai_verify_process_checks", "AI-Verify", "AI Verify process checks", "stock plugin",
          "text", "Apache-2.0", "AI Verify Foundation."),
    Table("cosai_risk_map", "CoSAI", "CoSAI Risk Map", "2026", "text", "Apache-2.0",
          "Coalition for Secure AI, OASIS Open."),
    Table("eu_ai_act_articles", "EU-AI-Act", "EU AI Act", "Regulation (EU) 2024/1689", "text",
          "EUR-Lex reuse", "European Union, https://eur-lex.europa.eu/."),
    Table("eu_ai_act_encoding", "EU-AI-Act-Concepts", "EU AI Act: classes, roles and dates",
          "Regulation (EU) 2024/1689 as amended by (EU) 2026/1744", "secondary", "EUR-Lex reuse",
          "European Union, https://eur-lex.europa.eu/."),
    Table("g7_sbom_for_ai_clusters", "G7-SBOM-AI", "G7 SBOM for AI, minimum elements",
          "2026-05-12", "secondary", "ids and titles only"),
    Table("gdpr_articles", "GDPR", "GDPR", "Regulation (EU) 2016/679", "text", "EUR-Lex reuse",
          "European Union, https://eur-lex.europa.eu/."),
    Table("google_saif", "SAIF", "Google SAIF", "2025", "secondary", "ids and titles only"),
    Table("iso42001_annexA_controls", "ISO-42001", "ISO/IEC 42001", "2023", "secondary",
          "ISO copyright: ids and titles only"),
    Table("iso42001_annexA_objectives_and_clauses", "ISO-42001", "ISO/IEC 42001", "2023",
          "secondary", "ISO copyright: ids and titles only"),
    Table("mitre_atlas_tactics", "ATLAS", "MITRE ATLAS", "5.6.0", "text", "Apache-2.0",
          "The MITRE Corporation."),
    Table("mitre_atlas_techniques", "ATLAS", "MITRE ATLAS", "5.6.0", "text", "Apache-2.0",
          "The MITRE Corporation."),
    Table("mitre_atlas_mitigations", "ATLAS", "MITRE ATLAS", "5.6.0", "text", "Apache-2.0",
          "The MITRE Corporation."),
    Table("mitre_atlas_case_studies", "ATLAS", "MITRE ATLAS", "5.6.0", "text", "Apache-2.0",
          "The MITRE Corporation."),
    Table("mitre_atlas_2026.07_delta", "ATLAS", "MITRE ATLAS", "2026.07", "secondary",
          "Apache-2.0", "The MITRE Corporation.", only="added"),
    Table("nist_ai_600_1_risks", "NIST-AI-600-1", "NIST AI 600-1, Generative AI Profile", "2024",
          "unverified", "public domain"),
    Table("nist_ai_rmf_1.0", "NIST-AI-RMF", "NIST AI Risk Management Framework", "1.0", "text",
          "public domain"),
    Table("nist_sp800_218a_additions", "SSDF-218A", "NIST SP 800-218A", "2024", "secondary",
          "public domain"),
    Table("nist_ssdf_1.1", "SSDF", "NIST Secure Software Development Framework", "1.1", "text",
          "public domain"),
    Table("owasp_agentic_top10_2026", "OWASP-Agentic-2026",
          "OWASP Top 10 for Agentic Applications", "2026", "secondary", CC_BY_SA, OWASP),
    Table("owasp_aisvs_1.0", "OWASP-AISVS", "OWASP AISVS", "1.0", "text", CC_BY_SA, OWASP),
    Table("owasp_llm_governance_checklist", "OWASP-LLM-Checklist",
          "OWASP LLM AI Cybersecurity and Governance Checklist", "1.1", "secondary", CC_BY_SA,
          OWASP),
    Table("owasp_llm_top10_2025", "OWASP-LLM-2025", "OWASP Top 10 for LLM Applications", "2025",
          "text", CC_BY_SA, OWASP),
    Table("owasp_llm_top10_2026", "OWASP-LLM-2026", "OWASP Top 10 for LLM Applications", "2026",
          "secondary", CC_BY_SA, OWASP),
    Table("owasp_ml_top10_2023", "OWASP-ML-2023", "OWASP Machine Learning Security Top 10",
          "2023 draft", "text", CC_BY_SA, OWASP),
)  # fmt: skip


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
        title = " ".join(row["title"].split()).strip("`")
        entry: list[object] = [item, title, sources.index(source)]
        special = confidence_of(table, item)
        items.append([*entry, special] if special else entry)
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
    catalog = {"as_of": AS_OF, "frameworks": frameworks}
    text = json.dumps(catalog, ensure_ascii=False, separators=(",", ":"))
    OUTPUT.write_text(text.replace('{"prefix"', '\n{"prefix"') + "\n", encoding="utf-8")
    counts = [len(entry["items"]) for entry in frameworks if isinstance(entry["items"], list)]
    print(f"{len(frameworks)} tables, {sum(counts)} items, {OUTPUT.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
