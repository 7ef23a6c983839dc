"""Feeds, sitemaps, lists and single addresses in a library, and what `sync` makes of them when they change."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from websites import Response, WebSite

from embeddings.encoder import Encoder
from qa import Collection, InvalidInput, Library, Progress, SyncReport, web
from qa import ingest as ingest_module

PAGE = """<!doctype html><html lang="en"><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>
<p>{text} It was written down on the same evening by those who had been there and could still remember it.</p>
<p>The page goes on for a while, so that it is read as an article about {title} and not as a stub of one.</p>
</article></body></html>"""


@pytest.fixture
def library(tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setattr(web, "DELAY", 0)
    with Library.open(tmp_path / "library") as opened:
        opened._loaded = encoder
        yield opened


def page(title: str, text: str = "", head: str = "", **headers: str) -> Response:
    words = text or f"The keeper of {title} counted forty boats in the bay of {title} before noon."
    return Response(PAGE.format(title=title, text=words, head=head), headers=headers)


def feed(site: WebSite, *paths: str, day: str = "") -> Response:
    date = f"<pubDate>{day}</pubDate>" if day else ""
    items = "".join(f"<item><title>x</title><link>{site.url}{path}</link>{date}</item>" for path in paths)
    return Response(f'<rss version="2.0"><channel><title>F</title>{items}</channel></rss>', "application/rss+xml")


def sitemap(site: WebSite, *paths: str) -> str:
    return f"<urlset>{''.join(f'<url><loc>{site.url}{path}</loc></url>' for path in paths)}</urlset>"


def titles(library: Library) -> list[str]:
    return [article.title for article in library.articles()]


def ids(library: Library) -> dict[str, str]:
    return {article.title: article.id for article in library.articles()}


def counts(report: object) -> dict[str, int]:
    names = ("added", "replaced", "skipped", "failed", "removed", "gone")
    return {name: len(found) for name in names if (found := getattr(report, name, ()))}


# -- what is added


def test_a_feed_stands_for_its_pages(library: Library, web_site: WebSite) -> None:
    web_site.pages = {
        "/feed": feed(web_site, "/a", "/b", "/missing", "/a#part", day="Sat, 01 Jun 2024 08:00:00 +0000"),
        "/a": page("Anchors"),
        "/b": page("Buoys", head='<meta property="article:published_time" content="2020-02-03">'),
    }
    seen: list[Progress] = []
    report = library.add(f"{web_site.url}/feed", on_progress=seen.append)
    assert titles(library) == ["Anchors", "Buoys"]
    assert [(article.published, article.date_source == "feed") for article in library.articles()] == [
        ("2024-06-01", True),
        ("2020-02-03", False),
    ]
    assert [(failure.source, "404" in failure.reason) for failure in report.failed] == [
        (f"{web_site.url}/missing", True)
    ]
    assert [(step.done, step.total, step.current.removeprefix(web_site.url), step.outcome) for step in seen] == [
        (1, 4, "/feed", "listed"),
        (2, 4, "/a", "read"),
        (3, 4, "/b", "read"),
        (4, 4, "/missing", "failed"),
    ]
    assert [bool(step.reason) for step in seen] == [False, False, False, True]
    assert web_site.asked() == ["/feed", "/a", "/b", "/missing"]
    assert library.collections() == [Collection(f"{web_site.url}/feed", "feed")]


def test_a_sitemap_index_leads_to_sitemaps_packed_or_not(library: Library, web_site: WebSite) -> None:
    web_site.pages = {
        "/index.xml": Response(
            f"<sitemapindex><sitemap><loc>{web_site.url}/1.xml.gz</loc></sitemap>"
            f"<sitemap><loc>{web_site.url}/2.xml</loc></sitemap></sitemapindex>",
            "application/xml",
        ),
        "/1.xml.gz": Response(gzip.compress(sitemap(web_site, "/a").encode()), "application/x-gzip"),
        "/2.xml": Response(sitemap(web_site, "/b", "/a", "/feed"), "text/xml"),
        "/feed": feed(web_site, "/c"),
        "/a": page("Anchors"),
        "/b": page("Buoys"),
        "/c": page("Cranes"),
    }
    report = library.add(f"{web_site.url}/index.xml")
    assert titles(library) == ["Anchors", "Buoys"]
    assert web_site.asked() == ["/index.xml", "/1.xml.gz", "/a", "/2.xml", "/b", "/feed"]
    # what a sitemap lists are pages: a feed among them is not followed
    assert [failure.source for failure in report.failed] == [f"{web_site.url}/feed"]
    assert library.collections() == [Collection(f"{web_site.url}/index.xml", "sitemap index")]


def test_collections_in_one_another_end(library: Library, web_site: WebSite) -> None:
    def index(*paths: str) -> Response:
        inner = "".join(f"<sitemap><loc>{web_site.url}{path}</loc></sitemap>" for path in paths)
        return Response(f"<sitemapindex>{inner}</sitemapindex>", "text/xml")

    web_site.pages = {"/0": index("/1", "/0"), "/1": index("/2", "/0"), "/2": index("/3"), "/3": index("/4")}
    report = library.add(f"{web_site.url}/0")
    assert web_site.asked() == ["/0", "/1", "/2", "/3"]
    assert [failure.reason for failure in report.failed] == [
        f"{web_site.url}/3 lists 1 addresses (sitemap index) and is no article; add it by itself to have them read"
    ]


def test_files_of_addresses_are_read_and_their_feeds_followed(
    library: Library, web_site: WebSite, tmp_path: Path
) -> None:
    url = web_site.url
    web_site.pages = {
        "/feed": feed(web_site, "/a", "/b"),
        "/bad": Response("<rss><channel><item>", "text/xml"),
        **{f"/{name[0].lower()}": page(name) for name in ("Anchors", "Buoys", "Cranes", "Docks", "Eels")},
    }
    bookmarks, opml, plain = tmp_path / "bookmarks.html", tmp_path / "feeds.opml", tmp_path / "later.txt"
    bookmarks.write_text(
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<DL><p>\n"
        f'<DT><A HREF="{url}/c">C</A>\n<DT><A HREF="javascript:x()">J</A>\n<DT><A HREF="file:///x.html">F</A>\n</DL>'
    )
    opml.write_text(f'<opml><body><outline xmlUrl="{url}/bad"/><outline xmlUrl="{url}/feed"/></body></opml>')
    plain.write_text(f"# to read\n{url}/d\n\n{url}/e\n{url}/c\n")
    report = library.add([bookmarks, opml, plain])
    assert sorted(titles(library)) == ["Anchors", "Buoys", "Cranes", "Docks", "Eels"]
    assert {failure.source: failure.reason for failure in report.failed} == {
        str(bookmarks): "entries left out that are no web addresses: 2 (file, javascript)",
        f"{url}/bad": report.failed[1].reason,
    }
    assert "is a damaged feed" in report.failed[1].reason
    assert len(web_site.asked()) == 7, "each address once"
    assert {each.kind for each in library.collections()} == {"bookmarks", "OPML", "list"}


def test_adding_a_folder_goes_to_no_web_site(library: Library, web_site: WebSite, tmp_path: Path) -> None:
    web_site.pages = {"/a": page("Anchors")}
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "later.txt").write_text(f"{web_site.url}/a\n")
    report = library.add(folder)
    assert web_site.asked(robots=True) == []
    assert [failure.reason for failure in report.failed] == [
        f"{folder / 'later.txt'} lists 1 addresses (list) and is no article; add it by itself to have them read"
    ]
    assert library.add([folder, folder / "later.txt"]).failed == ()
    assert titles(library) == ["Anchors"]
    assert library.sync().failed == ()


def test_a_feed_without_entries_says_so_and_is_followed(library: Library, web_site: WebSite) -> None:
    web_site.pages = {"/feed": feed(web_site), "/a": page("Anchors")}
    report = library.add(f"{web_site.url}/feed")
    assert [failure.reason for failure in report.failed] == ["it is a feed without entries; `sync` looks again"]
    assert counts(library.sync()) == {}
    web_site.pages["/feed"] = feed(web_site, "/a")
    assert counts(library.sync()) == {"added": 1}


def test_what_is_neither_page_nor_collection_is_refused(library: Library, web_site: WebSite, tmp_path: Path) -> None:
    web_site.pages = {
        "/x.xml": Response("<note>words</note>", "text/xml"),
        "/z": Response(b"MZ", "application/octet-stream"),
    }
    data = tmp_path / "data.json"
    data.write_text('{"a": 1}')
    report = library.add([f"{web_site.url}/x.xml", f"{web_site.url}/z", data])
    assert ["neither a feed nor a sitemap" in failure.reason for failure in report.failed] == [True] * 3


def test_a_page_without_an_article_names_its_feed(library: Library, web_site: WebSite) -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    web_site.pages = {"/": Response(f"<html><head><title>Home</title>{link}</head><body></body></html>")}
    (failure,) = library.add(f"{web_site.url}/").failed
    assert failure.reason.endswith(f"It names a feed of its articles, which can be added: {web_site.url}/feed.xml")


def test_a_robots_file_closes_pages_of_a_feed(library: Library, web_site: WebSite) -> None:
    web_site.pages = {
        "/robots.txt": Response("User-agent: *\nDisallow: /b"),
        "/feed": feed(web_site, "/a", "/b"),
        "/a": page("Anchors"),
        "/b": page("Buoys"),
    }
    report = library.add(f"{web_site.url}/feed")
    assert titles(library) == ["Anchors"]
    assert "closed to programs by its site's robots.txt" in report.failed[0].reason
    assert web_site.asked(robots=True) == ["/robots.txt", "/feed", "/a"]


# -- stopping and going on


def test_a_stop_in_the_middle_of_a_feed_goes_on_with_what_is_missing(library: Library, web_site: WebSite) -> None:
    names = ["Anchors", "Buoys", "Cranes", "Docks"]
    web_site.pages = {f"/{name[0]}": page(name, ETag=f'"{name}"') for name in names}
    web_site.pages["/feed"] = feed(web_site, *web_site.pages)
    web_site.pages["/feed"].headers["ETag"] = '"1"'
    report = library.add(f"{web_site.url}/feed", on_progress=lambda step: step.done < 3)
    assert (report.stopped, titles(library)) == (True, names[:2])
    assert web_site.asked() == ["/feed", "/A", "/B"]
    report = library.add(f"{web_site.url}/feed", on_progress=lambda step: step.done < 2)
    assert (report.stopped, titles(library)) == (True, names[:3])
    assert web_site.asked() == ["/feed", "/C"], "what is missing comes first"
    # the feed was never read whole: sync asks for it without a condition
    assert counts(library.sync()) == {"added": 1, "skipped": 3}
    assert web_site.asked() == ["/feed", "/D", "/A", "/B", "/C"]
    assert counts(library.sync()) == {"skipped": 4}
    assert [r.path for r in web_site.requests if "if-none-match" in r.headers] == ["/feed", "/A", "/B", "/C", "/D"]


def test_a_wait_for_a_site_can_be_stopped(library: Library, web_site: WebSite, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(web, "clock", lambda: now[0])
    monkeypatch.setattr(web, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    web_site.pages = {
        "/robots.txt": Response("User-agent: *\nCrawl-delay: 20"),
        "/a": page("Anchors"),
        "/b": page("Buoys"),
    }
    steps: list[Progress] = []

    def stop_after_five_seconds(step: Progress) -> bool:
        steps.append(step)
        return now[0] < 5

    report = library.add([f"{web_site.url}/a", f"{web_site.url}/b"], on_progress=stop_after_five_seconds)
    assert (report.stopped, titles(library)) == (True, ["Anchors"])
    assert now[0] == 5
    assert set(steps) == {Progress(1, 2, f"{web_site.url}/a", "read"), Progress(1, 2, f"{web_site.url}/b")}
    assert web_site.asked() == ["/a"]


def test_the_delay_is_passed_on(library: Library, web_site: WebSite, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(web, "clock", lambda: now[0])
    monkeypatch.setattr(web, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    web_site.pages = {"/a": page("Anchors"), "/b": page("Buoys")}
    library.add([f"{web_site.url}/a", f"{web_site.url}/b"], delay=12)
    assert now[0] == 12
    library.sync(delay=30)
    assert now[0] == 42
    with pytest.raises(InvalidInput, match="delay is -1"):
        library.add(f"{web_site.url}/a", delay=-1)


# -- sync


def test_an_address_is_asked_again_on_condition(library: Library, web_site: WebSite) -> None:
    held = {"ETag": '"1"', "Last-Modified": "Tue, 04 Jun 2024 10:00:00 GMT"}
    web_site.pages = {"/a": page("Anchors", **held), "/b": page("Buoys")}
    (anchors, buoys) = library.add([f"{web_site.url}/a", f"{web_site.url}/b"]).added
    web_site.asked()
    for again in (library.sync, lambda: library.add([f"{web_site.url}/a", f"{web_site.url}/b"])):
        stamp = library.stamp
        report = again()
        assert (counts(report), set(report.skipped)) == ({"skipped": 2}, {anchors, buoys})
        first = next(request for request in web_site.requests if request.path == "/a")
        assert first.headers["if-none-match"] == '"1"'
        assert first.headers["if-modified-since"] == held["Last-Modified"]
        assert library.stamp == stamp, "nothing changed, and something was written"
        web_site.asked()
    web_site.pages["/a"] = page("Anchors", "Anchors are cast from iron in the foundry at Lund.", ETag='"2"')
    report = library.sync()
    assert (report.replaced, report.skipped) == ((anchors,), (buoys,))
    assert "foundry at Lund" in library.article(anchors).text
    web_site.asked()
    assert counts(library.sync()) == {"skipped": 2}
    assert web_site.requests[1].headers["if-none-match"] == '"2"'


def test_a_version_whose_text_is_the_same_is_noted(library: Library, web_site: WebSite) -> None:
    web_site.pages = {"/a": page("Anchors", ETag='"1"')}
    library.add(f"{web_site.url}/a")
    web_site.pages = {"/a": page("Anchors", ETag='"2"')}
    assert counts(library.sync()) == {"skipped": 1}
    web_site.asked()
    assert counts(library.sync()) == {"skipped": 1}
    assert web_site.requests[-1].headers["if-none-match"] == '"2"'


def test_a_page_that_is_gone_is_kept_and_named(library: Library, web_site: WebSite) -> None:
    web_site.pages = {path: page(name) for path, name in (("/a", "Anchors"), ("/b", "Buoys"), ("/c", "Cranes"))}
    library.add([f"{web_site.url}{path}" for path in web_site.pages])
    known = ids(library)
    web_site.pages = {"/b": Response("gone", status=410), "/c": Response("oops", status=500)}
    report = library.sync()
    assert report.gone == (known["Anchors"], known["Buoys"])
    assert [(failure.source, "500" in failure.reason) for failure in report.failed] == [(f"{web_site.url}/c", True)]
    assert len(library) == 3
    assert library.retrieve("Who counted boats in the bay of Anchors?", k=1)[0].article.id == known["Anchors"]
    # adding what is not there is a failure, as ever
    assert counts(library.add(f"{web_site.url}/a")) == {"failed": 1}


def test_a_page_that_leads_elsewhere_is_gone_unless_it_only_moved(library: Library, web_site: WebSite) -> None:
    same, retold = "The same words stand at the new address.", "Other words stand at the new address."
    paths = ("/moved", "/retold", "/slash", "/front", "/login", "/merged", "/kept")
    web_site.pages = {path: page(f"About {path[1:]}", same if path == "/moved" else "") for path in paths}
    library.add([f"{web_site.url}{path}" for path in paths])
    known = ids(library)

    def to(path: str) -> Response:
        return Response(status=302, headers={"Location": path})

    web_site.pages |= {
        "/moved": to("/new/moved"),
        "/new/moved": page("About moved", same),
        "/retold": to("/new/retold"),
        "/new/retold": page("About retold", retold),
        "/slash": to("/slash/"),
        "/slash/": page("A new title", retold),
        "/front": to("/"),
        "/": page("About front", "Welcome to the front page, where everything begins and is listed."),
        "/login": to("/sign-in?next=login"),
        "/sign-in?next=login": page("Sign in", "Please sign in to go on reading what you came for."),
        "/merged": to("/kept"),
    }
    report = library.sync()
    assert report.gone == tuple(known[f"About {name}"] for name in ("front", "login", "merged"))
    assert set(report.replaced) == {known[f"About {name}"] for name in ("moved", "retold", "slash")}
    assert (report.added, report.failed, report.removed) == ((), (), ())
    assert len(library) == 7
    assert "Other words" in library.article(known["About retold"]).text
    assert "forty boats" in library.article(known["About login"]).text
    web_site.asked()
    # from now on they are asked for where they are
    assert library.sync().gone == report.gone
    asked = set(web_site.asked())
    assert {"/new/moved", "/new/retold", "/slash/"} <= asked
    assert not {"/moved", "/retold", "/slash"} & asked


def test_new_entries_of_a_feed_come_in_and_those_that_fall_out_stay(library: Library, web_site: WebSite) -> None:
    web_site.pages = {f"/{name[0]}": page(name, ETag=f'"{name}"') for name in ("Anchors", "Buoys", "Cranes")}
    web_site.pages["/feed"] = feed(web_site, "/A", "/B")
    library.add(f"{web_site.url}/feed")
    known = ids(library)
    web_site.pages["/feed"] = feed(web_site, "/C", "/B")
    web_site.pages["/B"] = page("Buoys", "Buoys are painted red on one side of the channel and green on the other.")
    web_site.asked()
    report = library.sync()
    assert (counts(report), report.replaced) == ({"added": 1, "replaced": 1, "skipped": 1}, (known["Buoys"],))
    assert titles(library) == ["Anchors", "Buoys", "Cranes"]
    assert web_site.asked() == ["/feed", "/C", "/A", "/B"]


def test_a_feed_with_an_entry_that_could_not_be_asked_for_is_read_whole_again(
    library: Library, web_site: WebSite
) -> None:
    web_site.pages = {"/feed": feed(web_site, "/a", "/b", "/gone"), "/a": page("Anchors")}
    web_site.pages["/feed"].headers["ETag"] = '"1"'
    web_site.pages["/b"] = Response("busy", status=500)
    assert counts(library.add(f"{web_site.url}/feed")) == {"added": 1, "failed": 2}
    web_site.pages["/b"] = page("Buoys")
    assert counts(library.sync()) == {"added": 1, "skipped": 1, "failed": 1}
    assert counts(library.sync()) == {"skipped": 2}, "the feed has not changed, and everything in it was asked for"


def test_a_failing_feed_is_one_failure(library: Library, web_site: WebSite) -> None:
    web_site.pages = {"/feed": feed(web_site, "/a"), "/a": page("Anchors")}
    library.add(f"{web_site.url}/feed")
    web_site.pages["/feed"] = Response("gone", status=404)
    report = library.sync()
    assert [failure.source for failure in report.failed] == [f"{web_site.url}/feed"]
    assert (report.gone, len(report.skipped)) == ((), 1)


def test_what_a_feed_names_by_a_redirect_is_known_again(library: Library, web_site: WebSite) -> None:
    web_site.pages = {
        "/feed": feed(web_site, "/click?1"),
        "/click?1": Response(status=302, headers={"Location": "/a"}),
        "/a": page("Anchors", ETag='"1"'),
    }
    library.add(f"{web_site.url}/feed")
    web_site.asked()
    assert counts(library.sync()) == {"skipped": 1}
    assert web_site.asked() == ["/feed", "/a"]
    library.remove(ids(library)["Anchors"])
    assert counts(library.sync()) == {}
    assert web_site.asked() == ["/feed"]
    assert counts(library.add(f"{web_site.url}/feed")) == {"added": 1}


def test_the_day_that_a_feed_said_outlives_it(library: Library, web_site: WebSite) -> None:
    web_site.pages = {"/feed": feed(web_site, "/a", day="Sat, 01 Jun 2024 08:00:00 +0000"), "/a": page("Anchors")}
    library.add(f"{web_site.url}/feed")
    web_site.pages["/feed"] = feed(web_site)
    assert counts(library.sync()) == {"skipped": 1}
    web_site.pages["/a"] = page("Anchors", "They lie on the quay in the sun and rust.")
    assert counts(library.sync()) == {"replaced": 1}
    (article,) = library.articles()
    assert (article.published, article.date_source) == ("2024-06-01", "feed")
    web_site.pages["/a"] = page("Anchors", head='<meta property="article:published_time" content="2020-02-03">')
    library.sync()
    (article,) = library.articles()
    assert article.published == "2020-02-03"
    assert article.date_source != "feed"


# -- what was removed


def test_sync_does_not_bring_back_what_was_removed(library: Library, web_site: WebSite, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    file = folder / "docks.html"
    file.write_text(page("Docks").body)  # type: ignore[arg-type]
    web_site.pages = {"/feed": feed(web_site, "/a", "/b"), "/a": page("Anchors"), "/b": page("Buoys")}
    library.add([f"{web_site.url}/feed", folder])
    for title in ("Anchors", "Docks"):
        library.remove(ids(library)[title])
    web_site.asked()
    assert counts(library.sync()) == {"skipped": 1}
    assert web_site.asked() == ["/feed", "/b"]
    assert titles(library) == ["Buoys"]
    # named again, each comes back, and stays
    assert counts(library.add(file)) == {"added": 1}
    assert counts(library.add(f"{web_site.url}/a")) == {"added": 1}
    assert counts(library.sync()) == {"skipped": 3}
    # so do they with the folder or the feed
    for title in ("Anchors", "Docks"):
        library.remove(ids(library)[title])
    assert counts(library.add([folder, f"{web_site.url}/feed"])) == {"added": 2, "skipped": 1}


def test_another_file_under_the_name_of_a_removed_one_is_new(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    file = folder / "docks.html"
    file.write_text(page("Docks").body)  # type: ignore[arg-type]
    (article_id,) = library.add(folder).added
    library.remove(article_id)
    file.write_text(page("Docks, changed").body)  # type: ignore[arg-type]
    assert counts(library.sync()) == {}
    file.unlink()
    assert counts(library.sync()) == {}
    file.write_text(page("Eels").body)  # type: ignore[arg-type]
    assert counts(library.sync()) == {"added": 1}
    # a file that goes and comes back was removed by nobody
    content = file.read_text()
    file.unlink()
    assert counts(library.sync()) == {"removed": 1}
    file.write_text(content)
    assert counts(library.sync()) == {"added": 1}


def test_a_collection_is_followed_until_it_is_not(library: Library, web_site: WebSite, tmp_path: Path) -> None:
    plain = tmp_path / "later.txt"
    plain.write_text(f"{web_site.url}/a\n")
    web_site.pages = {"/feed": feed(web_site, "/b"), "/a": page("Anchors"), "/b": page("Buoys"), "/c": page("Cranes")}
    (tmp_path / "pages").mkdir()
    library.add([plain, f"{web_site.url}/feed", tmp_path / "pages"])
    assert library.collections() == [
        Collection(str(plain), "list"),
        Collection(str(tmp_path / "pages"), "folder"),
        Collection(f"{web_site.url}/feed", "feed"),
    ]
    plain.write_text(f"{web_site.url}/a\n{web_site.url}/c\n")
    library.unfollow(f"{web_site.url}/feed")
    web_site.asked()
    assert counts(library.sync()) == {"added": 1, "skipped": 2}
    assert "/feed" not in web_site.asked()
    plain.unlink()
    report = library.sync()
    assert [failure.source for failure in report.failed] == [str(plain)]
    assert "articles that it listed are kept" in report.failed[0].reason
    assert len(library) == 3
    with pytest.raises(InvalidInput, match=r"'nowhere' is no collection of this library.*later\.txt"):
        library.unfollow("nowhere")


def test_the_index_is_saved_for_whoever_opens_next(
    library: Library, web_site: WebSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    web_site.pages = {"/feed": feed(web_site, "/a"), "/a": page("Anchors", ETag='"1"')}
    library.add(f"{web_site.url}/feed")
    web_site.pages["/a"] = page("Anchors", ETag='"2"')  # noted, which is a change of the store and of no text
    library.sync()
    (saved,) = (library.folder / "index").iterdir()
    assert len(np.load(saved / "ids.npy")) == library.passage_count


# -- on the command line


def test_the_command_line_shows_what_sync_found(
    library: Library, web_site: WebSite, capsys: pytest.CaptureFixture[str]
) -> None:
    from qa.cli import main

    def run(*arguments: str) -> tuple[int, list[str]]:
        capsys.readouterr()
        code = main([*arguments, "--library", str(library.folder)])
        return code, capsys.readouterr().out.splitlines()

    web_site.pages = {"/feed": feed(web_site, "/a", "/b"), "/a": page("Anchors"), "/b": page("Buoys")}
    assert run("add", f"{web_site.url}/feed", "--delay", "0") == (0, ["2 added, 0 replaced, 0 unchanged, 0 failed"])
    web_site.pages = {"/feed": feed(web_site, "/c"), "/b": page("Buoys", "New words."), "/c": page("Cranes")}
    code, lines = run("sync", "--delay", "0")
    assert (code, lines) == (
        0,
        [
            f"gone from the web, and kept: Anchors ({web_site.url}/a)",
            "1 added, 1 replaced, 0 unchanged, 0 removed, 1 gone, 0 failed",
        ],
    )
    code, lines = run("sync", "--json", "--delay", "0")
    report = SyncReport(**json.loads("\n".join(lines)))
    assert [library.article(each).title for each in report.gone] == ["Anchors"]
    assert run("sources") == (0, [f"feed  {web_site.url}/feed"])
    assert run("sources", "--forget", f"{web_site.url}/feed") == (0, ["none"])
    assert run("sources", "--forget", "nowhere")[0] == 2
    assert run("sync", "--delay", "-1")[0] == 2


def test_an_entry_on_the_own_network_of_a_feed_from_outside_is_left_out() -> None:
    from qa.feeds import Entry, Listing
    from qa.gather import Found, Item, opened

    entries = (
        Entry("http://192.168.0.1/reboot"),
        Entry("https://a.example/1", "2024-01-01"),
        Entry("http://localhost/x"),
    )
    item = Item("https://a.example/feed", depth=1)
    new, problems = opened(item, Found("https://a.example/feed", listing=Listing("feed", entries)))
    assert new == [Item("https://a.example/1", "https://a.example/feed", 2, False, "2024-01-01", private=False)]
    assert problems == ["entries left out that lead into your own network: 2; add them by themselves if they are meant"]
    new, problems = opened(Item("/x.txt"), Found("/x.txt", listing=Listing("list", entries), private=True))
    assert (len(new), problems) == (3, []), "the user's own list may name them"


def test_a_reader_that_dies_before_the_articles_are_stored_does_not_lose_them(
    library: Library, web_site: WebSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    web_site.pages = {"/feed": feed(web_site, "/a"), "/a": page("Anchors")}
    web_site.pages["/feed"].headers["ETag"] = '"1"'

    def fail(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ingest_module, "encode", fail)
        with pytest.raises(KeyboardInterrupt):
            library.add(f"{web_site.url}/feed")
    assert len(library) == 0
    assert counts(library.sync()) == {"added": 1}


def test_another_site_is_not_slowed_down(
    library: Library, web_site: WebSite, start_site: Callable[[], WebSite], tmp_path: Path
) -> None:
    other = start_site()
    web_site.pages, other.pages = {"/a": page("Anchors")}, {"/b": page("Buoys")}
    library.add([f"{web_site.url}/a", f"{other.url}/b"])
    assert (web_site.asked(robots=True), other.asked(robots=True)) == (["/robots.txt", "/a"], ["/robots.txt", "/b"])
