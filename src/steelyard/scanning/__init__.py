# SPDX-License-Identifier: Apache-2.0
"""Structure to findings and coverage. Runs in the sandbox process, `python -m steelyard.scanning`."""
