# SPDX-License-Identifier: Apache-2.0
"""Write the resolved form (canonical JSON) of each shipped charter beside its YAML.

Usage: ``python scripts/build_charters.py``, after any change of charters, controls or frameworks.
"""

from __future__ import annotations

import sys
from pathlib import Path

from steelyard.catalog.charters import NAMES, charter_text
from steelyard.charter.load import load_charter
from steelyard.charter.resolve import charter_sha256, resolved_json
from steelyard.kernel.errors import SteelyardError

DIRECTORY = Path(__file__).parents[1] / "src/steelyard/catalog/charters"


def main() -> int:
    """Resolve and write every charter, profiles before those that extend them."""
    for name in NAMES:
        try:
            charter = load_charter(charter_text(name), f"{name}.yaml")
        except SteelyardError as error:
            print(error, file=sys.stderr)
            return 2
        (DIRECTORY / f"{name}.json").write_bytes(resolved_json(charter))
        print(f"{name} {charter.version}: {len(charter.rules)} rules, {charter_sha256(charter)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
