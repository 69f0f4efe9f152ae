# SPDX-License-Identifier: Apache-2.0
"""What people and tools read: terminal, HTML, JSON, SARIF, CycloneDX. Pure."""
