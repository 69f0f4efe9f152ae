# SPDX-License-Identifier: Apache-2.0
"""Structure to findings and coverage. Runs as `python -m steelyard.scanning`."""

import steelyard.kernel.quick  # noqa: F401 # before anything imports msgspec
