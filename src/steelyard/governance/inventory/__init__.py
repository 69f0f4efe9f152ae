# SPDX-License-Identifier: Apache-2.0
"""The stage that knows what there is: models, revisions, their parts, and who supplies them."""
