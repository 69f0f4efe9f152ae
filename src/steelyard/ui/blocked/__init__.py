# SPDX-License-Identifier: Apache-2.0
"""Why something was refused, and what to do: the page a refused client is led to."""
