"""Web addresses as text: what is one, which page it names, and whose machine it is on. Nothing is asked."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit, urlunsplit

_LONGEST = 8_000  # characters; RFC 9110 (4.1) asks servers for this much

# What https://www.iana.org/assignments/iana-ipv4-special-registry does not call globally reachable, multicast, and the
# address at which Azure answers its machines. `ipaddress.is_global` has another opinion in every version of Python.
_NOT_PUBLIC_4 = tuple(
    map(
        ipaddress.ip_network,
        """
        0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
        192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
        """.split(),
    )
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# Teredo and others for protocols, 6to4, examples
_NOT_PUBLIC_6 = tuple(map(ipaddress.ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_NEVER = re.compile("[\\s\\x00-\\x1f\\x7f\\ud800-\\udfff]")  # blanks, control characters, halves of characters


def is_address(text: str) -> bool:
    """Whether `text` is an http or https URL with a host, and nothing else."""
    if len(text) > _LONGEST or not text.lower().startswith(("http://", "https://")):
        return False
    return not _NEVER.search(text) and bool(host(text))


def host(url: str) -> str:
    """The host's name in lower case; "" where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def without_fragment(url: str) -> str:
    """`url` without "#…", which names a place in the page and not another page."""
    try:
        return urlunsplit(urlsplit(url)._replace(fragment=""))
    except ValueError:  # an address as broken as "http://[": fetching it says so
        return url.partition("#")[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the web, and not of this machine, its network or no machine at all.

    IPv4 in IPv6 counts as what it leads to where networks use it so (NAT64), and as private in every other form.
    Raises ValueError where it is no IP address.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        return ip in _GLOBAL_UNICAST and not any(ip in network for network in _NOT_PUBLIC_6)
    return not any(ip in network for network in _NOT_PUBLIC_4)


def is_named_inside(url: str) -> bool:
    """Whether the host is on this machine or its network by its very name; what others are, looking them up tells."""
    name = host(url)
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not is_public(name)
    except ValueError:
        pass
    try:
        return not is_public(socket.inet_ntoa(socket.inet_aton(name)))  # "127.1", "0x7f.1", "2130706433"
    except (OSError, ValueError):
        return False


def nearly_same(one: str, other: str) -> bool:
    """Whether two addresses differ only by what sites change and no page moves: https, "www.", a slash at the end."""
    return _bare(one) == _bare(other)


def is_front_page(url: str) -> bool:
    """Whether `url` is where a site begins."""
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query


def _bare(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return host(url).removeprefix("www."), parts.path.rstrip("/"), parts.query
