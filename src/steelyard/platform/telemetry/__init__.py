# SPDX-License-Identifier: Apache-2.0
"""What the server tells of itself: log lines and numbers; never a secret, never who somebody is."""
