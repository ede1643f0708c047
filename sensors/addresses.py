"""Which addresses a trigger may connect to (spec: signatures 4, security 7).

Judged is the address that is connected to, never the text of a URL: names resolve to anything, and 2130706433,
0x7f.1 and [::ffff:127.0.0.1] are all 127.0.0.1. Pure.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# The standard library's is_private and is_global are not asked: they have changed twice, and call NAT64 global.
_INNER: tuple[tuple[str, tuple[str, ...]], ...] = (
    # First: some stand inside other networks. AWS and Google over IPv6, Alibaba, Oracle, Azure (public by its looks).
    (
        "a cloud's metadata service",
        (
            *("fd00:ec2::254/128", "fd20:ce::254/128"),
            *("100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"),
        ),
    ),
    ("this host", ("0.0.0.0/8", "::/128")),
    ("loopback", ("127.0.0.0/8", "::1/128")),
    ("link-local", ("169.254.0.0/16", "fe80::/10")),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("carrier NAT", ("100.64.0.0/10",)),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("reserved", ("192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "100::/64")),
)
_NETWORKS = tuple((name, ipaddress.ip_network(text)) for name, texts in _INNER for text in texts)
_CLUSTER = frozenset({"private", "carrier NAT", "reserved"})
"""Networks that clusters give to pods, Services and nodes."""
_NAT64 = tuple(ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Inner addresses are refused, except those in `allowed`."""

    allowed: tuple[Network, ...] = ()
    own: tuple[Network, ...] = ()
    """Where this process itself is reached; refused unless `allowed` has them."""
    admitted: frozenset[str] = frozenset()
    """Inner networks by their names here (`private`) that are not refused."""
    uses_proxies: bool = False
    """Whether the proxies of the environment are used. What is behind one is the proxy's to judge, not ours."""

    @classmethod
    def of_a_cluster(cls, *own: str, allowed: tuple[Network, ...] = ()) -> AddressPolicy:
        """Not mine: Services and pods are reached, this gateway at its addresses, its node and its cloud are not."""
        networks = tuple(ipaddress.ip_network(address) for address in own)
        return cls(allowed=allowed, own=networks, admitted=_CLUSTER, uses_proxies=True)

    @property
    def strictly(self) -> AddressPolicy:
        """The same for a strict Sensor: to no inner address but those that the operator allows."""
        return replace(self, admitted=frozenset(), uses_proxies=False)

    def refusal(self, text: str) -> str:
        """Why an address is refused (`link-local`), or an empty text."""
        address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
        if _is_in(address, self.allowed):
            return ""
        name = next((name for name, network in _NETWORKS if _is_in(address, (network,))), "")
        if name and name not in self.admitted:
            return name
        return "the gateway's own" if _is_in(address, self.own) else ""


def policy_for(addresses: AddressPolicy | None, *, is_strict: bool) -> AddressPolicy | None:
    """What holds for one Sensor, given the operator's setting; None = anywhere."""
    return (addresses or AddressPolicy()).strictly if is_strict else addresses


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


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
