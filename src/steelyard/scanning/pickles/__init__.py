# SPDX-License-Identifier: Apache-2.0
"""Examines everything that an unpickler would read, following its containers exactly.

Raw pickles of every protocol, several streams in a file, joblib's raw arrays between opcodes,
legacy and zip torch files, TorchScript archives and NumPy object arrays.
"""

from __future__ import annotations

from steelyard.scanning.pickles.containers import (
    examine_npy,
    examine_pickle,
    examine_torch_zip,
)
from steelyard.scanning.pickles.names import DATA_FILES

__all__ = ["DATA_FILES", "examine_npy", "examine_pickle", "examine_torch_zip"]
