"""Which addresses an HTTP trigger may connect to, where the operator restricts it (spec: signatures 4, security 7).

Judged is the address that is connected to, never the text of a URL: names resolve to anything, and 2130706433,
0x7f.1 and [::ffff:127.0.0.1] are all 127.0.0.1. Pure.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# The standard library's is_private and is_global are not asked: they have changed twice, and call NAT64 global.
_INNER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("this host", ("0.0.0.0/8", "::/128")),
    ("loopback", ("127.0.0.0/8", "::1/128")),
    ("link-local", ("169.254.0.0/16", "fe80::/10")),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("carrier NAT", ("100.64.0.0/10",)),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("reserved", ("192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "100::/64")),
)
_NETWORKS = tuple((name, ipaddress.ip_network(text)) for name, texts in _INNER for text in texts)
_NAT64 = tuple(ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Inner addresses are refused, except those in `allowed`."""

    allowed: tuple[Network, ...] = ()

    def refusal(self, text: str) -> str:
        """Why an address is refused (`link-local`), or an empty text."""
        address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
        if any(address.version == network.version and address in network for network in self.allowed):
            return ""
        found = (
            name for name, network in _NETWORKS if address.version == network.version and address in network
        )
        return next(found, "")


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to: mapped, compatible, NAT64, 6to4 or Teredo."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    is_compatible = int(address) >> 32 == 0 and int(address) > 1
    if is_compatible or any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def literal_network(url: str) -> str:
    """The inner network of a URL whose host is an address (`link-local`); empty for a name and a public address."""
    try:
        host = URL(url).host or ""
        return AddressPolicy().refusal(host)
    except ValueError:
        return ""
