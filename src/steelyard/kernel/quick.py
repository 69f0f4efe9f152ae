# SPDX-License-Identifier: Apache-2.0
"""Imports msgspec without a library it would use if it is installed, and which we do not need.

``typing_extensions`` is for older versions of Python, and takes as long to import as a small scan.
The entry points of short processes import this module first.
"""

from __future__ import annotations

import sys

_NAME = "typing_extensions"
if _NAME not in sys.modules:
    sys.modules[_NAME] = None  # type: ignore[assignment] # makes importing it fail
    try:
        import msgspec as msgspec
    finally:
        del sys.modules[_NAME]
