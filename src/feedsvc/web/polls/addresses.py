"""Whose request it is, also behind proxies; and what of an address may be kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

_LONGEST = 64
_KEPT_BITS = {4: 24, 6: 48}
_HOME_BITS = 64
"""Of an IPv6 address, what a network gives to one customer at least: who has one address there has all of them."""


class TrustedHops:
    """Finds the address of the client behind `hops` proxies, each of which appends to X-Forwarded-For whom it saw.

    Whatever stands further left there, anybody may have written.
    """

    def __init__(self, hops: int) -> None:
        self._hops = hops

    def find(self, environ: Mapping[str, Any]) -> str | None:
        """None where the header does not hold so many addresses: then the request came past the proxies.

        "" where what it holds there is none, as in a header that holds a byte beyond ASCII, of which the web server
        tells nothing. Whoever wrote that must not pass for the proxy that sent it on.
        """
        told = environ.get("HTTP_X_FORWARDED_FOR")
        if told is None:
            return None
        seen = told.rsplit(",", self._hops)[-self._hops :]
        if len(seen) < self._hops and told.strip():
            return None
        return _read(seen[0][-_LONGEST:]) or ""


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """What is kept of an address, which is personal data: its /24, in IPv6 its /48."""
    ip = _parse(address)
    return "" if ip is None else str(ip_network((ip, _KEPT_BITS[ip.version]), strict=False))


@lru_cache(maxsize=10_000)
def home_of(address: str) -> str:
    """Whose budget it is: the address, in IPv6 its /64."""
    ip = _parse(address)
    if ip is None or ip.version == 4:  # noqa: PLR2004  # IPv4
        return address if ip is None else str(ip)
    return str(ip_network((ip, _HOME_BITS), strict=False))


@lru_cache(maxsize=10_000)
def _read(text: str) -> str | None:
    """An address as proxies write it, some with a port or in brackets (RFC 7239 §6)."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    ip = _parse(text)
    return None if ip is None else str(ip)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip
