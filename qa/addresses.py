"""Web addresses as text: what is one, which page it names, and whose machine it is on. Nothing is asked."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit, urlunsplit

_LONGEST = 8_000  # characters; RFC 9110 (4.1) asks servers for this much


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


def leads_inside(origin: str, target: str) -> bool:
    """Whether a page out on the web points at this machine or its network, where it has no business."""
    return _is_local(host(target)) and not _is_local(host(origin))


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


def _is_local(name: str) -> bool:
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified
