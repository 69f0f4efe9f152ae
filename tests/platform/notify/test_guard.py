# SPDX-License-Identifier: Apache-2.0
"""Webhooks reach the open internet only, whatever a name or an address pretends."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.errors import FieldErrors, ForbiddenError, UnavailableError
from steelyard.platform.notify.guard import check_url, is_open, resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "168.63.129.16", "0.0.0.0", "255.255.255.255",
        "224.0.0.1", "192.0.0.192", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "::127.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2001:0:7f00:1::80ff:fffe",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_open(address: str) -> None:
    assert not is_open(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_open(address: str) -> None:
    assert is_open(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_no_wrapping_opens_what_is_closed(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    wrapped = [
        ipaddress.IPv6Address(number),
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
    ]
    if not is_open(inner):
        assert not any(is_open(each) for each in wrapped)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.org/", "https"),
        ("ftp://hooks.example.org/", "https"),
        ("https:///path", "host"),
        ("https://user:pw@hooks.example.org/", "password"),
        ("https://hooks.example.org/#x", "fragment"),
        ("https://127.0.0.1/", "private"),
        ("https://[::1]/", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://hooks.example.org:99999/", "not a URL"),
        ("https://[nonsense/", "not a URL"),
        ("https://hooks.example.org/a b", "visible"),
        ("https://hooks.example.org/\u00e9", "visible"),
        ("https://hooks.example.org/\r\nHost: x", "visible"),
    ],
)
def test_addresses_that_no_webhook_may_have(url: str, said: str) -> None:
    with pytest.raises(FieldErrors, match=said):
        check_url(url, private=False)


def test_private_addresses_can_be_allowed() -> None:
    check_url("http://127.0.0.1:8000/hook", private=True)
    check_url("https://hooks.example.org:8443/hook?x=1", private=False)
    assert resolve("127.0.0.1", 80, private=True) == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0"])
def test_names_of_this_host_are_refused_when_they_resolve(host: str) -> None:
    with pytest.raises(ForbiddenError, match="private"):
        resolve(host, 443, private=False)


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, **more: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", port, 0, 2)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(ForbiddenError):
        resolve("rebinding.example.org", 443, private=False)


def test_a_name_that_does_not_resolve_is_said_so() -> None:
    for host in ("no-such-host.invalid", "x" * 70 + ".org"):
        with pytest.raises(UnavailableError, match="does not resolve"):
            resolve(host, 443, private=False)
