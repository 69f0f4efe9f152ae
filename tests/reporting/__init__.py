# SPDX-License-Identifier: Apache-2.0
"""Reports, read back by parsers, validators and a browser."""
