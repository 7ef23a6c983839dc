"""Feeds, sitemaps, OPML, bookmarks and lists as bytes, and the addresses that are read out of them."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import feeds
from qa.errors import SourceError
from qa.feeds import Entry, advertised_feeds, read_listing

HOME = "https://harbour.example/news/feed.xml"

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="/feed.xsl"?>
<!-- made by hand -->
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">
<channel><title>Harbour notes</title><link>https://harbour.example/</link>
<atom:link rel="self" type="application/rss+xml" href="https://harbour.example/news/feed.xml"/>
<pubDate>Mon, 03 Jun 2024 08:00:00 +0000</pubDate>
<item><title>Late</title><link>https://harbour.example/late?a=1&amp;b=2#top</link>
  <pubDate>Sat, 01 Jun 2024 00:30:00 +0900</pubDate></item>
<item><title>Relative</title><link>../tides/june</link></item>
<item><title>By its guid</title><guid isPermaLink="true">https://harbour.example/guid</guid>
  <pubDate>Thu, 01 Jan 1970 00:00:00 +0000</pubDate></item>
<item><title>Through a counter</title><link>https://counter.example/123</link>
  <feedburner:origLink>https://harbour.example/counted</feedburner:origLink><pubDate>some day</pubDate></item>
<item><title>Sound</title><link>https://harbour.example/sound</link>
  <enclosure url="https://harbour.example/sound.mp3" type="audio/mpeg" length="9"/></item>
<item><title>Twice</title><link>https://harbour.example/sound</link></item>
<item><title>Disk</title><link>file:///etc/passwd</link></item>
<item><title>Script</title><link>javascript:alert(1)</link></item>
<item><title>No link</title><guid isPermaLink="false">7-7</guid></item>
<item><title>No link either</title><guid>8-8</guid></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://moss.example/blog/">
<title>Moss</title><updated>2024-05-04T10:00:00Z</updated><id>urn:x</id>
<link rel="self" href="https://moss.example/blog/atom"/>
<entry><title>One</title><id>urn:1</id><link rel="edit" href="https://moss.example/edit/1"/>
  <link rel="alternate" type="text/html" href="one"/><link rel="enclosure" href="https://moss.example/one.pdf"/>
  <published>2024-05-01T23:30:00-05:00</published><updated>2024-05-03T10:00:00Z</updated></entry>
<entry><title>Two</title><id>urn:2</id><link href="/two"/><updated>2024-05-04T10:00:00Z</updated></entry>
<entry><title>Three</title><id>urn:3</id><link rel="self" href="https://moss.example/three"/></entry>
</feed>"""

RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://old.example/"><title>Old</title><link>https://old.example/</link></channel>
<item rdf:about="https://old.example/1"><title>1</title><link>https://old.example/1</link>
<dc:date>2003-11-05T09:00:00+01:00</dc:date></item>
</rdf:RDF>"""


def urls(content: bytes | str, location: str = HOME, **options: str) -> list[str] | None:
    data = content.encode() if isinstance(content, str) else content
    listing = read_listing(data, location=location, **options)
    return None if listing is None else [entry.url for entry in listing.entries]


# -- feeds


def test_an_rss_feed_is_its_items_with_the_days_it_says() -> None:
    listing = read_listing(RSS.encode(), location=HOME)
    assert listing is not None
    assert listing.kind == "feed"
    assert listing.entries == (
        Entry("https://harbour.example/late?a=1&b=2", "2024-06-01"),  # the publisher's day, not the one in Greenwich
        Entry("https://harbour.example/tides/june"),
        Entry("https://harbour.example/guid"),
        Entry("https://harbour.example/counted"),
        Entry("https://harbour.example/sound"),
    )
    assert listing.skipped == (("file", 1), ("javascript", 1))
    assert not listing.nests


def test_an_atom_feed_is_its_alternate_links() -> None:
    listing = read_listing(ATOM.encode(), location="https://elsewhere.example/copy.atom")
    assert listing is not None
    assert listing.entries == (
        Entry("https://moss.example/blog/one", "2024-05-01"),
        Entry("https://moss.example/two"),  # when it was changed is not when it appeared
        Entry("https://moss.example/three"),
    )


def test_an_rdf_feed_dates_its_items_by_dublin_core() -> None:
    listing = read_listing(RDF.encode(), location=HOME)
    assert listing is not None
    assert (listing.kind, listing.entries) == ("feed", (Entry("https://old.example/1", "2003-11-05"),))
    assert urls(RDF.replace("http://purl.org/rss/1.0/", "http://example.org/not-a-feed/")) is None


def test_a_json_feed_is_its_items() -> None:
    items = [
        {"id": "1", "url": "https:\\/\\/json.example\\/a".replace("\\", ""), "date_published": "2021-10-29T10:00:00Z"},
        {"id": "2", "external_url": "https://json.example/b", "date_published": 5},
        {"id": "https://json.example/c"},
        {"id": "4", "url": ["x"]},
        "no item",
    ]
    feed = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": items})
    listing = read_listing(feed.encode(), location="https://json.example/feed.json")
    assert listing is not None
    assert listing.entries == (
        Entry("https://json.example/a", "2021-10-29"),
        Entry("https://json.example/b"),
        Entry("https://json.example/c"),
    )
    assert urls(feed.replace("https://jsonfeed", "https:\\/\\/jsonfeed")) == urls(feed)
    assert urls('{"version": "2", "items": []}') is None
    with pytest.raises(SourceError, match=r"feed\.xml is a damaged feed"):
        urls(feed[:-20])


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_feeds_in_other_encodings_are_read(charset: str) -> None:
    feed = f'<?xml version="1.0" encoding="{charset.removesuffix("-sig")}"?><rss version="2.0"><channel>'
    feed += "<item><link>https://é.example/ü</link></item></channel></rss>"
    assert urls(feed.encode(charset)) == ["https://é.example/ü"]


def test_a_feed_that_breaks_off_gives_what_came_before() -> None:
    assert urls(RSS[: RSS.index("<item><title>Relative")]) == ["https://harbour.example/late?a=1&b=2"]
    assert urls(RSS.replace("<title>Late", "<title>Late & lost <b>")) == urls(RSS)


def test_a_feed_without_entries_is_a_feed_and_a_damaged_one_is_refused() -> None:
    assert urls("<rss version='2.0'><channel><title>Soon</title></channel></rss>") == []
    with pytest.raises(SourceError, match=r"feed\.xml is a damaged feed"):
        urls("<rss version='2.0'><channel><title>Soon")


def test_too_large_a_feed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_FEED_BYTES", 100)
    with pytest.raises(SourceError, match=f"is a feed of {len(RSS.encode())} bytes; feeds of up to 100"):
        urls(RSS)


# -- sitemaps

SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">
<url><loc>
 https://map.example/a?x=1&amp;y=2
</loc><lastmod>2024-01-02</lastmod><image:image><image:loc>https://map.example/a.png</image:loc></image:image></url>
<url><image:image><image:loc>https://map.example/b.png</image:loc></image:image><loc><![CDATA[https://map.example/b]]></loc>
<xhtml:link rel="alternate" hreflang="de" href="https://map.example/de/b"/></url>
<url><loc>https://map.example/c</loc><news:news><news:publication_date>2024-03-04T05:06:07+02:00</news:publication_date>
</news:news></url>
<url><lastmod>2024-01-02</lastmod></url>
</urlset>"""
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://map.example/1.xml.gz</loc></sitemap><sitemap><loc>/2.xml</loc></sitemap></sitemapindex>"""


def test_a_sitemap_is_its_pages() -> None:
    listing = read_listing(SITEMAP.encode(), location="https://map.example/sitemap.xml")
    assert listing is not None
    assert listing.kind == "sitemap"
    assert listing.entries == (
        Entry("https://map.example/a?x=1&y=2"),  # lastmod is no day of publication
        Entry("https://map.example/b"),
        Entry("https://map.example/c", "2024-03-04"),
    )
    assert not listing.nests
    assert read_listing(gzip.compress(SITEMAP.encode()), location="https://map.example/sitemap.xml.gz") == listing
    plain = SITEMAP.replace('xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"', "")
    assert urls(plain) == [entry.url for entry in listing.entries]
    assert urls(SITEMAP[: SITEMAP.index("<url><loc>https://map.example/c")]) == [
        "https://map.example/a?x=1&y=2",
        "https://map.example/b",
    ]


def test_an_index_is_its_sitemaps_which_may_be_collections() -> None:
    listing = read_listing(INDEX.encode(), location="https://map.example/index.xml")
    assert listing is not None
    assert (listing.kind, listing.nests) == ("sitemap index", True)
    assert [entry.url for entry in listing.entries] == ["https://map.example/1.xml.gz", "https://map.example/2.xml"]


def test_more_entries_than_the_bound_are_cut_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_ENTRIES", 2)
    listing = read_listing(SITEMAP.encode(), location=HOME)
    assert listing is not None
    assert (len(listing.entries), listing.cut) == (2, True)
    monkeypatch.setattr(feeds, "MAX_ENTRIES", 3)
    listing = read_listing(SITEMAP.encode(), location=HOME)
    assert listing is not None
    assert (len(listing.entries), listing.cut) == (3, False)


def test_entities_are_neither_resolved_nor_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    bomb = '<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "longlonglong">'
    for inner, name in itertools.pairwise("abcdefghij"):
        bomb += f'<!ENTITY {name} "{f"&{inner};" * 10}">'
    bomb += f'<!ENTITY secret SYSTEM "{secret.as_uri()}">]>'
    sitemap = bomb + "<urlset><url><loc>https://x.example/{}</loc></url></urlset>"
    feed = bomb + '<rss version="2.0"><channel><item><link>https://x.example/{}</link></item></channel></rss>'
    opml = bomb + '<opml><body><outline xmlUrl="https://x.example/{}"/></body></opml>'
    for document in (sitemap, feed, opml):
        assert urls(document.replace("{}", "plain")) == ["https://x.example/plain"]
        for entity in ("&j;", "&secret;"):
            try:
                found = urls(document.replace("{}", entity)) or []
            except SourceError:  # nothing of it is read: as good
                continue
            assert [url for url in found if "hidden" in url or "longlong" in url] == []


def test_gzip_is_inflated_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(SITEMAP.encode())
    with pytest.raises(SourceError, match=r"feed\.xml is gzip data that ends in the middle"):
        urls(packed[:-20])
    with pytest.raises(SourceError, match=r"feed\.xml is damaged gzip data"):
        urls(packed[:-8] + bytes(8))
    monkeypatch.setattr(feeds, "MAX_BYTES", 500)
    with pytest.raises(SourceError, match="holds more than 500 bytes"):
        urls(packed)


# -- OPML, bookmarks, lists


def test_an_opml_file_is_its_feeds_and_links() -> None:
    opml = """<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
    <outline text="News"><outline type="rss" text="A" xmlUrl="https://a.example/feed" htmlUrl="https://a.example/"/>
    <outline text="B" xmlurl="https://b.example/feed"/></outline>
    <outline type="link" text="A page" url="https://c.example/page"/>
    <outline type="include" text="More" url="https://d.example/more.opml"/><outline text="empty"/>
    </body></opml>"""
    listing = read_listing(opml.encode(), location="/home/me/feeds.opml")
    assert listing is not None
    assert (listing.kind, listing.nests) == ("OPML", True)
    assert [entry.url for entry in listing.entries] == [
        "https://a.example/feed",
        "https://b.example/feed",
        "https://c.example/page",
    ]


def test_bookmarks_are_the_links_that_lead_to_the_web() -> None:
    bookmarks = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<!-- This is an automatically generated file. -->
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks Menu</H1>
<DL><p>
    <DT><H3 ADD_DATE="1700000000" PERSONAL_TOOLBAR_FOLDER="true">Toolbar</H3>
    <DL><p>
        <DT><A HREF="https://one.example/a&amp;b" ADD_DATE="1700000001" ICON="data:image/png;base64,AA">Eins</A>
        <DD>A note on it
        <DT><A HREF="javascript:(function(){})()">Tool</A>
        <DT><A HREF="place:sort=8">Most visited</A>
        <DT><A HREF="chrome://settings/">Settings</A>
    </DL><p>
    <HR><DT><A HREF="http://two.example/#part" TAGS="x">Two</A>
    <DT><A HREF="http://two.example/">Two again</A>
    <DT><A HREF="three.html">No address</A>
</DL><p>
"""
    listing = read_listing(bookmarks.encode(), location="/home/me/bookmarks.html", media_type="text/html")
    assert listing is not None
    assert (listing.kind, listing.nests) == ("bookmarks", True)
    assert [entry.url for entry in listing.entries] == ["https://one.example/a&b", "http://two.example/"]
    assert listing.skipped == (("chrome", 1), ("javascript", 1), ("no address", 1), ("place", 1))


def test_a_text_of_addresses_is_a_list_and_any_other_text_is_none() -> None:
    text = (
        "\ufeff# to read\r\n\r\nhttps://a.example/1\r\n  HTTPS://b.example/2  \r\n# later\r\nhttps://a.example/1#x\r\n"
    )
    assert urls(text, media_type="text/plain") == ["https://a.example/1", "https://b.example/2"]
    assert urls(text, media_type="text/markdown") is None
    for line in ("and some words", "https://a.example/1 with a comment", "ftp://a.example", "https://"):
        assert urls(f"{text}{line}\n", media_type="text/plain") is None, line
    assert urls("# nothing\n\n", media_type="text/plain") is None


@pytest.mark.parametrize(
    "page",
    [
        "<!doctype html><html><body><p>An &lt;rss&gt; feed is…</p></body></html>",
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html><p>rss</p></html>',
        "<!-- <rss> --><p>Nothing</p>",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "The <rss version='2.0'> element",
        "",
        "{",
        "<",
    ],
)
def test_pages_are_no_collections(page: str) -> None:
    assert urls(page, media_type="text/html") is None


def test_the_root_is_found_behind_what_stands_before_it() -> None:
    for prologue in ("\n\n", "<!DOCTYPE rss [<!ENTITY x 'a>b'>]>", "<!-- rss -->" * 50, "<?x y?>\n<!DOCTYPE rss>"):
        assert urls(prologue + RSS.partition("-->")[2]) is not None, prologue


def test_a_page_names_its_feeds() -> None:
    html = """<html><head><link rel="stylesheet" href="/a.css"><link rel="alternate" hreflang="de" href="/de">
    <LINK REL="Alternate Home" TYPE="application/rss+xml" TITLE="All" HREF="/feed/">
    <link type="application/atom+xml" rel=alternate href="https://b.example/atom?a=1&amp;b=2">
    <link type="application/rss+xml" rel=alternate href="javascript:alert(1)">
    <link rel="alternate" type="application/json" href="/wp-json/1"></head><body></body></html>"""
    assert advertised_feeds(html, base="https://a.example/x/") == [
        "https://a.example/feed/",
        "https://b.example/atom?a=1&b=2",
    ]
    assert advertised_feeds("", base="https://a.example/") == []


@settings(deadline=None)
@given(
    st.binary(max_size=400), st.sampled_from([RSS, ATOM, RDF, SITEMAP, INDEX, "{", "https://a.example/\n"]), st.data()
)
def test_whatever_the_bytes_are_it_is_a_listing_none_or_a_typed_error(
    noise: bytes, whole: str, data: st.DataObject
) -> None:
    content = whole.encode()
    at = data.draw(st.integers(0, len(content)))
    for damaged in (noise, content[:at] + noise + content[at:], content[:at] + noise):
        try:
            listing = read_listing(damaged, location=HOME, media_type="text/plain")
        except SourceError as error:
            assert str(error).startswith(HOME)  # noqa: PT017 - most inputs raise none
        else:
            for entry in listing.entries if listing else ():
                assert entry.url.lower().startswith(("http://", "https://"))
                assert "#" not in entry.url


def test_white_space_around_a_declaration_is_passed_over() -> None:
    feed = "\ufeff\n\t<?xml version='1.0' encoding='utf-16'?>\n<rss><channel><item>\t\t<link>https://pans.example/noon</link>"
    listing = read_listing(feed.encode(), location="https://pans.example/feed")
    assert listing is not None
    assert [entry.url for entry in listing.entries] == ["https://pans.example/noon"]
