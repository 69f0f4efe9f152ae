# SPDX-License-Identifier: Apache-2.0
"""``python -m steelyard`` is the ``steelyard`` command."""

from steelyard.cli import main

main()
