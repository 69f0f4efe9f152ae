# SPDX-License-Identifier: Apache-2.0
"""A scan of one small file imports no more than it needs: that is most of what it costs."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

_CHILD = """
import os, sys
import steelyard.scanning
from steelyard.kernel.inspection import InspectionRequest, TreeFile
import steelyard.scanning.isolation
from steelyard.scanning.plugin_host import load_plugins
from steelyard.scanning.runner import Runner
path = sys.argv[1]
file = TreeFile("model.pkl", path, os.stat(path).st_size)
(report,) = Runner(InspectionRequest(files=(file,)), plugins=load_plugins(())).reports()
assert report.verdict == "clean", report
print("\\n".join(sys.modules))
"""
_PARENT = """
import sys
from steelyard.cli import root
assert root(["scan", sys.argv[1]], standalone_mode=False) == 0
print("\\n".join(sys.modules))
"""
_NEVER = {
    "asyncio", "email", "http", "importlib.metadata", "importlib.resources", "jinja2", "json",
    "logging", "rich", "ruamel", "tempfile", "tomllib", "typing_extensions", "zipfile",
}  # fmt: skip
_NOT_IN_THE_SANDBOX = {
    "ast", "dataclasses", "inspect", "pathlib", "shutil", "steelyard.artifacts.coreml",
    "steelyard.artifacts.paddle", "steelyard.artifacts.protobuf_kinds", "steelyard.catalog.rules",
    "subprocess",
}  # fmt: skip


def imported(program: str, path: Path) -> set[str]:
    command = [sys.executable, "-E", "-P", "-c", program, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines())


@pytest.mark.parametrize(
    ("program", "unwanted"),
    [(_CHILD, _NEVER | _NOT_IN_THE_SANDBOX), (_PARENT, _NEVER | {"dataclasses", "shutil"})],
    ids=["sandbox", "command"],
)
def test_the_scan_of_a_small_pickle_imports_little(
    tmp_path: Path, program: str, unwanted: set[str]
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"layers": [1, 2, 3]}))
    assert imported(program, path) & unwanted == set()
