# SPDX-License-Identifier: Apache-2.0
"""One's own account: name, password, second factor, sessions and access tokens."""
