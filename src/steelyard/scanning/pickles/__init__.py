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

__all__ = ["DATA_FILES", "RULES", "examine_npy", "examine_pickle", "examine_torch_zip"]

RULES: dict[str, tuple[str, str]] = {
    "pickle.dangerous-call": ("Loading calls a dangerous name", "critical"),
    "pickle.dangerous-import": ("Loading imports a dangerous name", "critical"),
    "pickle.unknown-call": ("Loading calls a name no honest library writes", "high"),
    "pickle.unknown-import": ("Loading imports a name no honest library writes", "medium"),
    "pickle.unresolved-name": ("An import's name is computed while loading", "high"),
    "pickle.unresolved-call": ("Loading calls the result of another call", "high"),
    "pickle.dotted-name": ("An import walks through attributes", "high"),
    "pickle.indirect": ("A call reaches further than its name says", "high"),
    "pickle.extension-code": ("An import hides behind an extension code", "high"),
    "pickle.attribute-write": ("Loading changes an imported object itself", "high"),
    "pickle.nested": ("A pickle hides inside a byte string", "medium"),
    "pickle.truncated": ("The pickle breaks off", "medium"),
    "pickle.limit": ("The pickle attacks its reader", "critical"),
    "pickle.trailing-bytes": ("Bytes follow the pickle", "medium"),
    "pickle.executes-on-load": ("Loading this file calls Python", "info"),
    "joblib.array": ("A joblib array cannot be followed", "medium"),
    "torch.layout": ("A torch file is not laid out as torch writes it", "medium"),
    "torchscript.program": ("The archive holds a TorchScript program", "info"),
    "torchscript.files": ("A TorchScript program touches files", "critical"),
    "torchscript.import": ("TorchScript code imports modules", "high"),
    "numpy.object-array": ("A NumPy array holds pickled objects", "low"),
}
"""Rule id to title and usual severity."""
