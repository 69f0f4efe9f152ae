# SPDX-License-Identifier: Apache-2.0
"""Policy as code: schema, CEL rules over typed facts, evaluation and explanation. Pure."""
