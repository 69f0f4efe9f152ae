# SPDX-License-Identifier: Apache-2.0
"""A classification under the EU AI Act, for a terminal and as a page."""
