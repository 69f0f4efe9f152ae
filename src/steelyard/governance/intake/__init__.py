# SPDX-License-Identifier: Apache-2.0
"""The stage where somebody asks: requests to adopt a revision for a use case in an environment."""
