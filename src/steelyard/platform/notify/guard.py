# SPDX-License-Identifier: Apache-2.0
"""Where a webhook may go: to the open internet, not into our own network.

A name is resolved once, every address it has is judged, and the connection goes to one of those
addresses, so that a name cannot answer differently the second time. Addresses that carry another
one inside (IPv4 in IPv6, 6to4, NAT64, Teredo) are judged by what they carry as well.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from steelyard.kernel.errors import FieldErrors, ForbiddenError, UnavailableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
_EXTRA = (ipaddress.ip_network("168.63.129.16/32"), ipaddress.ip_network("192.0.0.0/24"))
"""Public by their numbers, at least for an older Python, and the host of the machine in a cloud."""
_HOST = re.compile(r"\A[A-Za-z0-9._:-]{1,253}\Z")


def check_url(url: str, *, private: bool) -> None:
    """Refuse an address that no webhook may have, before it is ever resolved.

    Raises:
        FieldErrors: with the reason.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise FieldErrors([("url", "This is not a URL.")]) from None
    wrong = ""
    if any(not 33 <= ord(c) < 127 for c in url):
        wrong = "It may hold visible ASCII characters only."
    elif parts.scheme not in ("https", "http") or not _HOST.match(host):
        wrong = "It must begin with https:// and name a host."
    elif parts.scheme == "http" and not private:
        wrong = "It must begin with https://: payloads do not travel in the open."
    elif parts.username is not None or parts.password is not None:
        wrong = "It may not hold a user or password; deliveries are signed instead."
    elif parts.fragment:
        wrong = "It may not have a fragment (#…)."
    else:
        literal = _literal(host)
        if literal is not None and not private and not is_open(literal):
            wrong = "It may not be an address inside a private network."
    if wrong:
        raise FieldErrors([("url", wrong)])


def resolve(host: str, port: int, *, private: bool) -> str:
    """Return the address to connect to.

    Raises:
        ForbiddenError: one of the addresses of ``host`` is inside a private network.
        UnavailableError: the name does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnavailableError(
            "The name of the webhook's host does not resolve.",
            next_step="Check its spelling and the name server.",
            code="webhook.unresolved",
        ) from error
    addresses = [str(place[4][0]) for place in found]
    for text in addresses:
        if not private and not is_open(ipaddress.ip_address(text.partition("%")[0])):
            raise ForbiddenError(
                "The webhook's host has an address inside a private network.",
                next_step="Use a public address, or set STEELYARD_WEBHOOK_PRIVATE if it is meant.",
                code="webhook.private",
            )
    return addresses[0]


def is_open(address: Address) -> bool:
    """Tell whether an address belongs to the open internet, and all it carries, too."""
    if (
        any(address in network for network in _EXTRA)
        or address.is_multicast
        or not address.is_global
    ):
        return False
    return all(is_open(inner) for inner in _carried(address))


def _carried(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour]
    found += address.teredo or ()
    if address in _NAT64 or address in _COMPATIBLE:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
