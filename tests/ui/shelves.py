# SPDX-License-Identifier: Apache-2.0
"""What the inventory of the place holds: a model with two revisions, its supplier, a proof."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.corpus.build import by_global, config, safetensors, torch_zip
from tests.stories.test_governance import CARD, LICENSE

from steelyard.platform.client import Client

NAME = "acme/sentences"
_SECOND = (
    CARD.replace(b"license: apache-2.0", b"license: mit\nbase_model: example/base")
    .replace(b"# Tiny", b"# Tiny two")
    .replace(b"0.91", b"0.94")
)
_PLAN = """1. Serve example/base from our own cluster.
2. Compare its answers with those of the last month.
3. Switch search over, and keep the old index for a week."""


def sent(client: Client, directory: Path, files: dict[str, bytes], name: str = NAME) -> str:
    """Send the files of a model; return the reference a request names it by."""
    directory.mkdir(parents=True, exist_ok=True)
    listed = []
    for path, data in files.items():
        file = directory / "file"
        file.write_bytes(data)
        kept = client.send_file("/uploads", file).body
        listed.append({"path": path, "sha256": kept["sha256"]})
    made = client.post("/uploads/manifests", {"name": name, "files": listed}).body
    reference: str = made["reference"]
    return reference


def stock(town: Any, callers: dict[str, Client], directory: Path, case: str) -> dict[str, str]:
    """Fill the inventory through the API; return the ids of what others look at."""
    anna, omar, lena = callers["anna"], callers["omar"], callers["lena"]
    first = {
        "README.md": CARD,
        "LICENSE": LICENSE.read_bytes(),
        "config.json": config(model_type="bert", architectures=["BertModel"]),
        "requirements.txt": b"torch==2.4.0\n",
        "model.safetensors": safetensors(),
    }
    second = {
        **first,
        "README.md": _SECOND,
        "config.json": config(
            model_type="bert", architectures=["BertModel"], auto_map={"AutoModel": "model.Bert"}
        ),
        "model.py": b"import os\n\n\nclass Bert:\n    def __init__(self):\n        os.getcwd()\n",
        "requirements.txt": b"torch==2.5.1\n",
        "pytorch_model.bin": torch_zip(by_global()),
    }
    asked: dict[str, Any] = {}
    for files in (first, second):
        body = {
            "reference": sent(anna, directory, files), "use_case": case,
            "justification": "Our search needs sentence vectors.",
        }  # fmt: skip
        asked = anna.post("/requests", body).body
        town.work_off()
    supplier = omar.post(
        "/suppliers",
        {
            "name": "acme", "kind": "vendor", "support": "commercial",
            "terms": {
                "contract": "C-2026-17", "contract_ends": "2028-01-15",
                "security_contact": "security@acme.example.org",
                "commitments": [{"what": "Fixes critical flaws", "within": "5 days"}],
                "disclosures": ["https://acme.example.org/advisories"],
            },
            "exit_plan": {
                "text": _PLAN, "substitute": "example/base", "owner": "omar@example.org",
                "test_due": "2027-12-01",
            },
        },
    ).body  # fmt: skip
    request = anna.get(f"/requests/{asked['id']}").body
    today = town.clock().date().isoformat()
    proof = _proof(
        omar, directory, kind="security-test-report", title="Penetration test of the search API",
        source="Red Team Ltd", target=request["revision"], effective=today,
    )  # fmt: skip
    _proof(
        omar, directory, kind="exit-test-record", title="We switched search to example/base",
        source="Platform team", target=supplier["id"], effective=today,
    )  # fmt: skip
    lena.post(f"/evidence/{proof['id']}/verify", {}, version=proof["version"])
    return {
        "model_id": request["model"],
        "revision_id": request["revision"],
        "assessment_id": request["assessment"],
        "supplier_id": supplier["id"],
        "evidence_id": proof["id"],
    }


def _proof(client: Client, directory: Path, **given: str) -> dict[str, Any]:
    file = directory / "report.pdf"
    file.write_bytes(b"%PDF-1.7 " + given["title"].encode())
    kept = client.send_file("/uploads", file).body
    body = {"name": "report.pdf", "media": "application/pdf", "sha256": kept["sha256"], **given}
    made: dict[str, Any] = client.post("/evidence", body).body
    return made
