"""MHTML (a page saved by Chrome or Edge as one file) to Article: its page, read as HTML; frames are left out."""

from __future__ import annotations

import email
import email.errors
import email.header
import email.policy
import re
from dataclasses import replace
from email.message import Message
from html import escape

from qa.blocks import one_line
from qa.errors import NoArticleText, SourceError
from qa.extract import read_page
from qa.links import web_address
from qa.types import Article, Page

_TITLE = re.compile(rb"<title[^>]*>\s*[^<\s]", re.I)


def read(page: Page, identity: str) -> Article:
    """The article of a saved page, with the address it was saved from. Raises SourceError where it is damaged."""
    where = page.location or page.url or "the saved page"
    if not page.content:
        raise NoArticleText(f"{where} is empty; save the page again")
    message = email.message_from_bytes(page.content, policy=email.policy.compat32)
    root = _root(message)
    content = root.get_payload(decode=True) if root is not None else None
    if root is None or not isinstance(content, bytes) or not content.strip():
        raise SourceError(f"{where} is damaged or cut short: there is no page in it; save the page again")
    subject = _decoded(message.get("Subject"))
    if subject and not _TITLE.search(content):
        content = f"<title>{escape(subject)}</title>".encode(root.get_content_charset() or "utf-8", "replace") + content
    article = read_page(
        content,
        _address(message, root) or page.url,
        media_type="text/html",
        charset=root.get_content_charset(),
        source=page.location or None,
    )
    return replace(article, id=identity)


def _root(message: Message) -> Message | None:
    """The part that is the page: the one that the message names as its start, else the first HTML."""
    if not message.is_multipart():
        return message if message.get_content_type() in ("text/html", "application/xhtml+xml") else None
    pages = [part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    start = message.get_param("start")
    return next((part for part in pages if start and part.get("Content-ID") == start), pages[0] if pages else None)


def _address(message: Message, root: Message) -> str | None:
    for value in (
        message.get("Snapshot-Content-Location"),
        root.get("Content-Location"),
        message.get("Content-Location"),
    ):
        if value and (address := web_address(re.sub(r"\s+", "", str(value)))):
            return address
    return None


def _decoded(value: object) -> str:
    try:
        return one_line(str(email.header.make_header(email.header.decode_header(str(value))))) if value else ""
    except (LookupError, ValueError, email.errors.HeaderParseError):
        return ""
