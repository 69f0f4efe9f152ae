# SPDX-License-Identifier: Apache-2.0
"""Write the next step of the database after tables were changed.

``python scripts/new_migration.py "What changes"`` makes a database from the steps there are,
compares it with the tables the code has, and writes the step between them. Read it before you
commit it: it knows columns, not what should happen to the rows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import steelyard.bootstrap.tables  # noqa: F401 # registers every table
from steelyard.platform.database.base import Base
from steelyard.platform.database.engine import Database, sqlite_url
from steelyard.platform.database.migrate import SCRIPTS, new_step, upgrade


def main() -> None:
    """Write the step and say where."""
    if len(sys.argv) != 2:
        sys.exit('usage: python scripts/new_migration.py "What changes"')
    count = sum(1 for path in (SCRIPTS / "versions").glob("[0-9]*.py"))
    with tempfile.TemporaryDirectory() as directory:
        database = Database(sqlite_url(Path(directory)))
        if count:
            upgrade(database)
        made = new_step(database, Base.metadata, sys.argv[1], f"{count + 1:04d}")
        database.close()
    if made is not None:
        subprocess.run([sys.executable, "-m", "ruff", "format", "-q", made], check=True)
        subprocess.run([sys.executable, "-m", "ruff", "check", "--fix", "-q", made], check=False)
    print(f"wrote {made}" if made else "nothing changed")


if __name__ == "__main__":
    main()
