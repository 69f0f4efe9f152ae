# SPDX-License-Identifier: Apache-2.0
"""Finds the shared corpora some tests measure themselves against, where they are present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared(*parts: str) -> Path:
    """Return a path in the shared material, or skip the calling test with a reason."""
    default = Path(__file__).resolve().parents[2] / "shared"
    root = Path(os.environ.get("STEELYARD_SHARED", default))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the shared corpus ({'/'.join(parts)}); set STEELYARD_SHARED to it")
    return path
