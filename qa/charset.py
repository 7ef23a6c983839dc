"""Bytes to text: which encoding a page is in when the transport, the page and the bytes disagree."""

from __future__ import annotations

import codecs
import re

from qa.checked import whole_characters

# Only encodings of text that pages are written in: "base64" or "punycode" in a meta tag are no charset.
_KNOWN = re.compile(
    r"(?:utf[-_]?(?:8|16|32)(?:[-_]?(?:le|be))?(?:-sig)?|(?:us-)?ascii|iso[-_]?8859[-_]?\d+|iso[-_]?2022[-_]?\w+|"
    r"latin[-_]?\d|windows[-_]?\d+|"
    r"cp[-_]?\d+|koi8[-_]?\w|gbk?|gb2312|gb18030|big5(?:[-_]?hkscs)?|s(?:hift)?[-_]?jis|euc[-_]?\w+|mac[-_]?\w+|"
    r"tis[-_]?620)$",
    re.I,
)
# What browsers read for these names, https://encoding.spec.whatwg.org/#names-and-labels: the family's largest set.
_READ_AS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]+)""", re.I
)
_HEAD = 4096  # bytes; browsers look for a declaration in the first 1024
_SAMPLE = 32_768  # bytes shown to the detector: more takes longer and changes nothing


def decode(content: bytes, charset: str | None = None) -> str:
    """`content` as text, whatever its bytes: undecodable ones become U+FFFD.

    A byte order mark decides; then bytes that are UTF-8 throughout are UTF-8 whatever they are called
    (other encodings make such sequences by no accident); then `charset`, as the transport named it;
    then what the page declares; then a guess from the bytes.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return whole_characters(content[len(mark) :].decode(name, "replace"))
    utf16 = _without_mark(content)
    if utf16:
        return whole_characters(content.decode(utf16, "replace"))
    declared = _DECLARED.search(content[:_HEAD])
    found = [group.decode("ascii", "ignore") for group in (declared.groups() if declared else ()) if group]
    names = [name for name in map(_python_name, [charset, *found]) if name]
    stateful = [name for name in names if name.startswith("iso2022")]  # escape codes, all of them ASCII
    for name in [*stateful, "utf-8", *names]:
        try:
            return whole_characters(content.decode(name))
        except (UnicodeDecodeError, LookupError):
            continue
    # A file cut short or a few bytes from elsewhere must not turn a whole page into another encoding.
    text = content.decode("utf-8", "surrogateescape")
    stray = len(_STRAY.findall(text))
    if ("utf-8" in names or not names) and stray <= len(_BEYOND_ASCII.findall(text)):
        return whole_characters(_STRAY.sub(_as_windows, _STRAY_AT_END.sub("\ufffd", text)))
    name = next((name for name in names if name != "utf-8"), None) or _guess(content)
    return whole_characters(content.decode(name, "replace"))


_STRAY = re.compile("[\udc80-\udcff]")  # how "surrogateescape" shows a byte that is no UTF-8
_STRAY_AT_END = re.compile("[\udc80-\udcff]{1,3}$")  # the first bytes of a character that a cut took the rest of
_BEYOND_ASCII = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")


def _as_windows(match: re.Match[str]) -> str:
    """A stray byte as Windows-1252 reads it: text pasted into a UTF-8 page from an older one."""
    return bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace")


def _python_name(label: str | None) -> str | None:
    """Python's codec for a charset label; None where it is none that pages are written in."""
    if not label or not _KNOWN.match(label.strip()):
        return None
    try:
        name = codecs.lookup(label.strip()).name
    except LookupError:
        return None
    return _READ_AS.get(name, name)


def _without_mark(content: bytes) -> str | None:
    """UTF-16 that lacks its mark: in Latin script every other byte is 0."""
    sample = content[:400]
    if len(sample) < 8:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > half * 0.7 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.7 and odd < half * 0.1:
        return "utf-16-be"
    return None


def _guess(content: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(content[:_SAMPLE], steps=5, chunk_size=512).best()
    return _python_name(best.encoding) or "cp1252" if best else "cp1252"
