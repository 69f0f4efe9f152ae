# SPDX-License-Identifier: Apache-2.0
"""Builds ``src/steelyard/catalog/data/licenses.json`` from the table of license facts.

Usage: ``python scripts/build_license_catalog.py TABLE.csv [OUTPUT.json]``

The table has one row per license and one column per kind of term. Nothing is added that the table
does not say, with one cited exception: an OSI-approved license whose commercial column is empty
gets ``yes``, because the Open Source Definition (criterion 6) rules out the opposite.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

AS_OF = "2026-11-23"
DEFAULT_OUTPUT = Path(__file__).resolve().parents[1] / "src/steelyard/catalog/data/licenses.json"
CATEGORIES = {
    "permissive": "permissive",
    "permissive (model)": "permissive",
    "weak copyleft": "weak-copyleft",
    "strong copyleft": "strong-copyleft",
    "content/data": "content",
    "use-restricted/RAIL": "use-restricted",
    "use-restricted (source-available)": "source-available",
    "custom community": "community",
    "non-commercial": "non-commercial",
    "research-only": "research-only",
}
CLAUSES = {
    "attribution_notice": "attribution",
    "naming_obligation": "naming",
    "share_alike_derivatives": "share-alike",
    "use_policy": "use-policy",
    "output_restrictions": "outputs",
    "geographic": "geography",
    "commercial_use": "commercial",
    "redistribution": "redistribution",
    "patent_grant": "patent",
    "revocability": "revocability",
}
NO_DUTY = re.compile(
    r"^(yes|no mention|none\b.*|yes, express|irrevocable.*|no claim to outputs"
    r"|licensor claims no rights in outputs)$"
)
"""Statements that are facts about a license but bind nobody to anything."""
OSI = {"OSI approved (SPDX)": True, "not OSI approved (SPDX)": False}
OSD_6 = "OSI-approved: no field of endeavor may be excluded (opensource.org/osd, criterion 6)"


def american(text: str) -> str:
    """Spell ``text`` the American way; the table spells the noun with a c."""
    return re.sub(r"([Ll])icence", r"\1icense", text.strip())


def commercial(row: dict[str, str]) -> dict[str, str]:
    """Return the answer and the words behind it. A qualified yes is ``conditional``."""
    text = american(row["commercial_use"])
    if not text:
        if OSI.get(row["osi_osaid"]):
            return {"answer": "yes", "text": OSD_6}
        return {"answer": "unknown", "text": ""}
    if text == "yes":
        return {"answer": "yes", "text": ""}
    answer = "no" if re.match(r"no\b", text) else "conditional"
    return {"answer": answer, "text": text}


def confidence(source: str) -> str:
    """Return how good the source is: the publisher's own text, or somebody's copy of it."""
    if source.startswith(("SPDX licen", "github:")):
        return "text"
    return "secondary" if source else "unverified"


def entry(row: dict[str, str]) -> dict[str, object]:
    """Turn one row into the form the loader reads."""
    clauses = [
        {"kind": kind, "text": american(row[column]), "duty": not NO_DUTY.match(row[column])}
        for column, kind in CLAUSES.items()
        if row[column].strip() and row[column].strip() != "yes"
    ]
    tag = row["hf_tag"].strip()
    return {
        "key": row["key"],
        "spdx": row["spdx_id_or_LicenseRef"],
        "hub_tags": [tag] if tag else [],
        "name": american(row["name"]),
        "category": CATEGORIES[row["category"]],
        "category_raw": american(row["category"]),
        "commercial_use": commercial(row),
        "clauses": clauses,
        "osi_approved": OSI.get(row["osi_osaid"]),
        "patent": american(row["patent_grant"]),
        "revocability": american(row["revocability"]),
        "source": american(row["source"]),
        "as_of": AS_OF,
        "confidence": confidence(row["source"]),
    }


def main(arguments: list[str]) -> int:
    """Read the table, write the catalog, say how many entries."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    table = Path(arguments[0])
    output = Path(arguments[1]) if len(arguments) == 2 else DEFAULT_OUTPUT
    with table.open(encoding="utf-8", newline="") as stream:
        entries = [entry(row) for row in csv.DictReader(stream)]
    document = {"schema": "steelyard.licenses/v1", "as_of": AS_OF, "licenses": entries}
    output.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{output.name}: {len(entries)} licenses")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
