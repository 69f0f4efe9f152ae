# SPDX-License-Identifier: Apache-2.0
"""Structure to findings and coverage. Runs as `python -m steelyard.scanning`."""
