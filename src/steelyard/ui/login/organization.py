# SPDX-License-Identifier: Apache-2.0
"""The login of the organization: whether there is one, and where it begins."""

from __future__ import annotations

from urllib.parse import urlencode

from steelyard.kernel.errors import UnavailableError
from steelyard.platform.identity import directory
from steelyard.ui.door import Looking

_BEGIN = "/api/v1/login/oidc"
_LONGEST = 500
"""Of an address that the directory's login can lead back to."""


def login_path(viewer: Looking, then: str) -> str:
    """Return where the login of the organization begins; nothing where none is configured."""
    if not viewer.house.settings.oidc_issuer:
        try:
            if viewer.find(directory.read) is None:
                return ""
        except UnavailableError:  # the page is shown all the same; logging in says what is wrong
            return ""
    return f"{_BEGIN}?{urlencode({'then': then if len(then) <= _LONGEST else '/'})}"
