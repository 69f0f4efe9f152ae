# SPDX-License-Identifier: Apache-2.0
"""Reviews: what waits for whom, the evidence, and the sign-offs."""
