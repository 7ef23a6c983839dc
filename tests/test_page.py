"""What the page's handlers do, without Gradio and without a browser: asking, filters, conversations, the library."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from websites import Response, WebSite

from qa import Article, Filters, InvalidInput, Library, feedback
from qa.gather import Source
from qa.types import FLAGS, AddReport, Failure, Progress
from qa.ui import adding, article, shelf, verdicts
from qa.ui.ask import View, asking, judge
from qa.ui.conversation import PANELS_KEPT, Conversation, exchange_record, history, messages, panels, reopened
from qa.ui.filtering import Chosen, chips, from_link, link
from qa.ui.pictures import map_html, overview_html
from qa.ui.shared import Maps, Starters
from qa.ui.shelf import Shown
from qa.ui.watch import Watch
from qa.ui.words import LANGUAGES, Words, preferred, words
from qa.ui.work import Job, Work

EN = words()
SHARE = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"
TSUNAMI = "Why did so few Tongans die in the 2022 tsunami?"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as library:
        yield library


@pytest.fixture
def asked(example_library: Library) -> Conversation:
    return last(asking(example_library, SHARE, Conversation(), EN)).conversation


def last(views: Iterator[View]) -> View:
    *_, view = views
    return view


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


class TestAsking:
    def test_steps_of_an_answer(self, example_library: Library) -> None:
        searching, reading, answered = asking(example_library, f"  {SHARE} ", Conversation(), EN)
        assert (searching.pending, searching.step, searching.found) == (SHARE, "Searching 129 passages…", None)
        assert reading.step == "Reading the best passages…"
        assert reading.found is not None
        assert reading.found.hits[0].article.title.startswith("Turbines on a leash")
        assert soup(reading.panel).select(".qa-card h3")[0].text.startswith("Turbines on a leash")
        assert [message["content"] for message in reading.chat][1] == (
            '<div class="qa-step"><p>Reading the best passages…</p></div>'
        )
        (one,) = answered.conversation.exchanges
        assert (answered.pending, answered.changed) == (None, "a1")
        assert "about 35 per cent" in one.answer.text
        assert [message["role"] for message in answered.chat] == ["user", "assistant"]
        assert history(answered.conversation) == [
            {"role": "user", "content": SHARE},
            {"role": "assistant", "content": one.answer.text},
        ]
        assert "<" not in one.answer.text

    def test_a_question_in_place_of_an_earlier_one_drops_what_followed(
        self, example_library: Library, asked: Conversation
    ) -> None:
        two = last(asking(example_library, TSUNAMI, asked, EN)).conversation
        assert [one.question for one in two.exchanges] == [SHARE, TSUNAMI]
        view = last(asking(example_library, TSUNAMI, two, EN, editing="a1"))
        assert [(one.key, one.question) for one in view.conversation.exchanges] == [("a1", TSUNAMI)]
        (first, *_) = asking(example_library, TSUNAMI, two, EN, editing="a2")
        assert first.chat[0]["content"].count("Snorre") == 1
        assert len(first.chat) == 4  # the first exchange, the question, and what is being done

    def test_each_answer_keeps_its_numbers_and_only_one_panel_is_shown(
        self, example_library: Library, asked: Conversation
    ) -> None:
        two = last(asking(example_library, TSUNAMI, asked, EN)).conversation
        for shown, visible in (("", "a2"), ("a1", "a1"), ("a9", "a2")):
            sections = soup(panels(two, EN, shown=shown)).select("section")
            assert [(each["id"], each.has_attr("hidden")) for each in sections] == [
                ("a2-passages", visible != "a2"),
                ("a1-passages", visible != "a1"),
            ]
        said = soup("".join(message["content"] for message in messages(two, EN)))
        for cite in said.select("a.qa-cite"):
            assert any(section.select_one(f"mark[id='{str(cite['href'])[1:]}']") for section in sections)

    def test_only_the_newest_panels_are_drawn_and_the_one_that_is_asked_for(self, asked: Conversation) -> None:
        (one,) = asked.exchanges
        long = asked
        for _ in range(PANELS_KEPT + 2):
            long = long.with_answer(SHARE, one.answer, Chosen(), {})
        ids = [str(each["id"]) for each in soup(panels(long, EN, shown="a1")).select("section")]
        assert ids == [f"a{n}-passages" for n in (*range(PANELS_KEPT + 3, 3, -1), 1)]

    def test_loading_is_said(self, example_library: Library) -> None:
        first, *_ = asking(example_library, SHARE, Conversation(), EN, ready=lambda: False)
        assert "loading" in first.notice

    @pytest.mark.parametrize(
        ("question", "since", "notice"),
        [("  ", "", "Type a question first."), (SHARE, "the day of glory", "“From” is 'the day of glory'; give a")],
    )
    def test_what_cannot_be_asked_is_said_and_kept(
        self, example_library: Library, question: str, since: str, notice: str
    ) -> None:
        (view,) = asking(example_library, question, Conversation(), EN, chosen=Chosen(since=since))
        assert view.notice.startswith(notice)
        assert view.typed == question.strip()
        assert soup(view.said).select_one("[role=alert]") is not None

    def test_filters_narrow_the_question(self, example_library: Library) -> None:
        view = last(asking(example_library, SHARE, Conversation(), EN, chosen=Chosen(authors=("Abiodun",))))
        (one,) = view.conversation.exchanges
        assert {hit.article.authors for hit in one.answer.hits} == {("Jonas Abiodun",)}
        assert "Filters: Author: Abiodun" in soup(view.panel).text

    def test_empty_library(self, library: Library) -> None:
        (view,) = asking(library, SHARE, Conversation(), EN)
        assert view.notice == "No articles yet. Add some on the Library tab, then ask here."

    def test_an_unforeseen_error_is_said_and_the_question_kept(
        self, example_library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("qa.dialogue.stand_alone", lambda *_, **__: 1 / 0)
        (view,) = asking(example_library, SHARE, Conversation(), EN)
        assert (view.notice, view.typed) == (EN("ask.unexpected"), SHARE)
        assert "ZeroDivisionError" in caplog.text

    def test_a_verdict_is_noted_and_taken_back(self, example_copy: Path) -> None:
        with Library.open(example_copy) as library:
            held = last(asking(library, SHARE, Conversation(), EN)).conversation
            view = judge(library, held, "a1", "right", EN)
            assert "✓ Marked right" in view.chat[1]["content"]
            (given,) = feedback.read(library.folder)
            assert (given.question, given.verdict, given.found) == (SHARE, "right", True)
            assert "about 35 per cent" in given.quote
            listed = soup(verdicts.verdicts_html(library, EN))
            assert [cell.text for cell in listed.select("tbody th, .qa-verdict")] == [SHARE, "right"]
            view = judge(library, view.conversation, "a1", "right", EN)
            assert "✓" not in view.chat[1]["content"]
            assert feedback.read(library.folder) == []
            assert judge(library, held, "a7", "wrong", EN).conversation == held


class TestStarters:
    def test_they_are_made_of_headings_and_answered_from_their_article(self, example_library: Library) -> None:
        starters = Starters(example_library)
        deadline = time.monotonic() + 60
        while not starters.get()[1] and time.monotonic() < deadline:
            time.sleep(0.05)
        found, complete = starters.get()
        assert complete
        assert len(found) == 4
        for question in found:
            answer = example_library.ask(question)
            assert answer.found
            assert question.split(":")[0] in answer.citations[0].title

    def test_an_empty_library_has_none(self, library: Library) -> None:
        starters = Starters(library)
        deadline = time.monotonic() + 10
        while not starters.get()[1] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert starters.get() == ((), True)


class TestFilters:
    CHOSEN = Chosen(("Abiodun",), ("Tidemark",), ("en",), "2021", "2023-02", (("t1", "A <title>"),))

    def test_they_become_the_library_s(self) -> None:
        assert self.CHOSEN.filters(EN) == Filters(("Abiodun",), ("Tidemark",), ("en",), ("t1",), "2021", "2023-02")

    def test_empty_fields_are_no_filters(self) -> None:
        assert not Chosen.of(None, ["", " "], [], None, "  ", ())
        assert chips(Chosen(), EN) == ""

    def test_each_has_a_chip_that_removes_it(self) -> None:
        drawn = soup(chips(self.CHOSEN, EN))
        assert [span.text for span in drawn.select("li span")] == [
            "Author: Abiodun",
            "Site: Tidemark",
            "Language: en",
            "From: 2021",
            "Until: 2023-02",
            "Article: A <title>",
        ]
        left = self.CHOSEN
        for button in drawn.select("button[data-field]"):
            assert str(button["aria-label"]).startswith("Remove the filter ")
            left = left.without(str(button["data-field"]), str(button["data-value"]))
        assert left == Chosen()
        assert self.CHOSEN.without("nonsense", "x") == self.CHOSEN

    def test_a_link_reopens_question_and_filters(self) -> None:
        from urllib.parse import parse_qsl

        address = link("Who & what?", self.CHOSEN)
        pairs = parse_qsl(address.removeprefix("?"))
        assert from_link(pairs, {"t1": "A <title>"}) == ("Who & what?", self.CHOSEN)
        assert from_link(pairs, {})[1].articles == ()
        assert from_link([("x", "y")], {}) == ("", Chosen())

    def test_they_survive_being_kept(self) -> None:
        assert Chosen.restored(json.loads(json.dumps(self.CHOSEN.record()))) == self.CHOSEN
        with pytest.raises(InvalidInput, match="kept filters"):
            Chosen.restored({"articles": [1]})


class TestConversations:
    def test_one_that_was_kept_is_drawn_as_before(self, example_library: Library, asked: Conversation) -> None:
        view = View(asked, EN, changed="a1")
        kept = soup(view.panel).select_one("#qa-kept")
        assert kept is not None
        assert (kept["data-id"], kept["data-keys"]) == (asked.id, "a1")
        record = json.loads(str(kept["data-record"]))
        again = reopened({"id": asked.id, "exchanges": [record]}, example_library)
        assert again.id == asked.id
        assert messages(again, EN) == messages(asked, EN)
        drawn = [re.sub(r'<div id="qa-kept".*?</div>', "", panels(each, EN)) for each in (asked, again)]
        # Scores are kept to four digits; what is drawn shows two.
        assert drawn[0] == drawn[1]
        assert len(json.dumps(record)) < 6_000

    def test_quotes_that_do_not_stand_any_more_say_so(self, example_copy: Path) -> None:
        with Library.open(example_copy) as library:
            held = last(asking(library, SHARE, Conversation(), EN)).conversation
            kept = json.loads(json.dumps({"exchanges": [exchange_record(held.exchanges[0])]}))
            source = library.article(held.exchanges[0].answer.citations[0].article_id)
            library.remove(source.id)
            gone = reopened(kept, library)
            assert "[1]: the article is no longer in the library" in soup(messages(gone, EN)[1]["content"]).text
            card = soup(panels(gone, EN)).select_one(".qa-card")
            assert card is not None
            assert card.select("a[href^=article]") == []
            library.add(Article(id=source.id, title=source.title, text="Something else stands here now. " * 40))
            changed = reopened(kept, library)
            assert "[1]: the article has changed since" in soup(messages(changed, EN)[1]["content"]).text
            assert changed.exchanges[0].answer.citations[0].link is None

    @pytest.mark.parametrize(
        "kept",
        [
            None,
            [],
            {"exchanges": 3},
            {"exchanges": [1]},
            {"exchanges": [{"question": "x", "answer": {}}]},
            {"exchanges": [{"question": "x", "answer": {"citations": [{"number": '1"><script>'}], "hits": []}}]},
        ],
    )
    def test_what_is_none_is_refused(self, example_library: Library, kept: object) -> None:
        with pytest.raises(InvalidInput):
            reopened(kept, example_library)

    def test_a_browser_s_own_text_stays_text(self, example_library: Library, asked: Conversation) -> None:
        bad = '"><img src=x onerror=alert(1)>'
        record = exchange_record(asked.exchanges[0])
        record["question"] = bad
        record["answer"]["question"] = bad
        record["answer"]["citations"][0] |= {"title": bad, "link": f"javascript:{bad}", "article_id": bad}
        again = reopened({"id": bad, "exchanges": [record]}, example_library)
        drawn = panels(again, EN) + "".join(message["content"] for message in messages(again, EN))
        assert soup(drawn).select("img") == []
        assert "javascript:" not in drawn
        assert again.id.isalnum()


def finished(work: Work) -> None:
    deadline = time.monotonic() + 60
    while work.state and work.state.running:
        assert time.monotonic() < deadline
        time.sleep(0.02)


class TestAdding:
    def add(self, library: Library, files: Sequence[Path], addresses: str = "", folder: str = "", *, local: bool = True
    ) -> BeautifulSoup:  # fmt: skip
        work = Work()
        problem = adding.start_adding(library, work, list(map(str, files)), addresses, folder, EN, local=local)
        finished(work)
        return soup(problem or adding.told(library, work.state, EN))

    def test_files_and_addresses(self, library: Library, tmp_path: Path) -> None:
        page = tmp_path / "upload" / "dam.txt"
        page.parent.mkdir()
        page.write_text("The dam\n\nThe dam on the river was begun in 1961. It was finished in 1968, after two floods.")
        secret = tmp_path / "secret.txt"
        secret.write_text("Secret\n\nThis file of the server must not be read by whoever has the page open.\n")
        told = self.add(library, [page], f"{secret}\nfile://{secret}\n")
        assert [summary.text for summary in told.select("summary")] == ["1 article added", "2 not added"]
        assert f"{secret}: not a web address; it must start with https:// or http://" in told.text
        assert [each.title for each in library.articles()] == ["The dam"]
        assert not page.exists()  # the server's temporary files go; the library's own copy stays
        (stored,) = library.articles()
        assert library.sync().removed == ()
        copy = Path(library.folder) / "uploads" / "dam.txt"
        assert copy.exists()
        said, removed = shelf.remove(library, [stored.id], EN)
        assert "1 article removed" in said
        assert (len(library), copy.exists()) == (0, False)
        assert "1 article put back" in shelf.undo(library, removed, EN)
        assert ([each.id for each in library.articles()], copy.exists()) == ([stored.id], True)

    def test_a_folder_only_where_the_page_is_this_computer_s(self, library: Library, tmp_path: Path) -> None:
        folder = tmp_path / "pages"
        folder.mkdir()
        (folder / "dam.txt").write_text("The dam\n\nThe dam on the river was begun in 1961, and finished in 1968.\n")
        refused = self.add(library, [], folder=str(folder), local=False)
        assert "folders can only be added where the page is served to this computer alone" in refused.text
        assert len(library) == 0
        told = self.add(library, [], folder=str(folder))
        assert told.select("summary")[0].text == "1 article added"
        table = soup(adding.collections_table(library, EN))
        assert [cell.text for cell in table.select("tbody tr")[0].select("th, td")][:2] == [str(folder), "folder"]
        (folder / "weir.txt").write_text("The weir\n\nThe weir below the mill was built by the town in 1820.\n")
        work = Work()
        assert adding.start_looking(library, work, EN) == ""
        finished(work)
        assert "1 article added" in adding.told(library, work.state, EN)

    def test_the_server_s_network_only_where_who_started_it_said_so(
        self, library: Library, start_site: Callable[..., WebSite]
    ) -> None:
        inside = start_site("127.0.0.2")
        inside.pages = {
            "/a": Response("<h1>The weir</h1><p>The weir below the mill was built by the town in 1820.</p>")
        }
        refused = self.add(library, [], f"{inside.url}/a")
        assert f"{inside.url}/a is at 127.0.0.2, on this machine or its own network; --allow-private" in refused.text
        assert inside.requests == []
        library.add(f"{inside.url}/a", delay=0, allow_private=True)
        (article,) = library.articles()
        for allowed, asked in ((False, []), (True, ["/a"])):
            work = Work()
            for start in (
                lambda work, allowed: adding.start_adding(
                    library, work, [], f"{inside.url}/a", "", EN, local=True, allow_private=allowed
                ),
                lambda work, allowed: adding.start_looking(library, work, EN, allow_private=allowed),
                lambda work, allowed: adding.start_reading_again(library, work, article.id, EN, allow_private=allowed),
            ):
                inside.requests.clear()
                assert start(work, allowed) == ""
                finished(work)
                assert inside.asked() == asked

    def test_uploads_wait_while_other_work_goes_on(self, library: Library, tmp_path: Path) -> None:
        page = tmp_path / "dam.txt"
        page.write_text("The dam\n\nThe dam on the river was begun in 1961. It was finished in 1968, after two floods.")
        work, gate = Work(), threading.Event()

        def run(some: Sequence[Source], tell: Callable[[Progress], bool]) -> AddReport:
            gate.wait(30)
            return AddReport()

        assert work.start(Job("looking", run))
        try:
            assert EN("library.busy") in adding.start_adding(library, work, [str(page)], "", "", EN, local=True)
        finally:
            gate.set()
            finished(work)
        assert page.exists()
        assert not (Path(library.folder) / "uploads").exists()

    def test_nothing_chosen(self, library: Library) -> None:
        assert self.add(library, []).text == "Choose files or paste addresses first."

    def test_a_bookmarks_file_is_kept_though_some_of_it_is_left_out(self, library: Library, tmp_path: Path) -> None:
        file = tmp_path / "bookmarks.html"
        file.write_text('<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>\n<DT><A HREF="javascript:x()">Tool</A>\n</DL>')
        told = self.add(library, [file])
        assert "bookmarks.html: entries left out that are no web addresses: 1 (javascript)" in told.text
        kept = Path(library.folder).resolve() / "uploads" / "bookmarks.html"
        assert kept.exists()
        assert [each.location for each in library.collections()] == [str(kept)]

    def test_two_uploads_of_one_name_are_two_articles(self, library: Library, tmp_path: Path) -> None:
        for place, subject in (("a", "dam on the upper river"), ("b", "weir below the old mill")):
            (tmp_path / place).mkdir()
            (tmp_path / place / "index.txt").write_text(
                f"The {subject}\n\nThis is about the {subject}, and about nothing else at all, as one can read here.\n"
            )
        self.add(library, [tmp_path / "a" / "index.txt"])
        self.add(library, [tmp_path / "b" / "index.txt"])
        assert sorted(each.title for each in library.articles()) == [
            "The dam on the upper river",
            "The weir below the old mill",
        ]

    def test_a_copy_of_what_failed_is_not_kept(self, library: Library, tmp_path: Path) -> None:
        file = tmp_path / "empty.html"
        file.write_text("<html></html>")
        told = self.add(library, [file])
        assert told.select("summary")[0].text == "1 not added"
        assert "empty.html" in told.text
        assert list((Path(library.folder) / "uploads").iterdir()) == []

    def test_what_is_not_whole_is_flagged(self, library: Library, tmp_path: Path) -> None:
        page = tmp_path / "cut.html"
        page.write_text("<html><body><article><p>The pier stands on forty piles, and thirty-nine of them are ro")
        told = self.add(library, [page])
        assert [each.get_text() for each in told.find_all("summary")] == ["1 article added", "1 article not whole"]
        assert "the file ends in the middle; save or download it again" in told.get_text()
        mark = soup(shelf.table(library, EN)).select_one(".qa-flag")
        assert mark is not None
        assert (mark.get_text(), mark["title"]) == ("file cut short", FLAGS["cut-short"])


class TestWork:
    def test_progress_stop_and_going_on(self) -> None:
        began, gate = threading.Event(), threading.Event()
        taken: list[list[Source]] = []

        def run(sources: Sequence[Source], tell: Callable[[Progress], bool]) -> AddReport:
            taken.append(list(sources))
            added: list[str] = []
            for number, source in enumerate(sources, 1):
                began.set()
                assert gate.wait(30)
                failed = source == "c"
                added += [] if failed else [str(source)]
                step = Progress(number, len(sources), str(source), "failed" if failed else "read", "bad" * failed)
                if not tell(step) and number < len(sources):
                    return AddReport(tuple(added), stopped=True)
            return AddReport(tuple(added), failed=(Failure("c", "bad"),) if "c" in sources else ())

        work = Work()
        assert work.state is None
        assert work.start(Job("adding", run, ("a", "b", "c", "d")))
        assert began.wait(30)
        assert not work.start(Job("adding", run, ("x",)))  # one at a time
        work.stop()
        assert work.state is not None
        assert work.state.stopping
        gate.set()
        finished(work)
        assert (work.state.report, work.state.can_resume) == (AddReport(("a",), stopped=True), True)
        assert [step.current for step in work.state.last] == ["a"]
        assert work.resume()
        finished(work)
        assert taken[1] == ["b", "c", "d"]  # what was finished is not done again
        assert work.state.report == AddReport(("a", "b", "d"), failed=(Failure("c", "bad"),))
        assert work.state.failed == (Failure("c", "bad"),)
        assert not work.resume()
        work.dismiss()
        assert work.state is None

    def test_it_is_told_with_pace_and_time_left(self, library: Library) -> None:
        work = Work()
        gate = threading.Event()

        def run(sources: Sequence[Source], tell: Callable[[Progress], bool]) -> AddReport:
            for number in range(1, 4):
                tell(Progress(number, 100, f"page-{number}.html", "failed" if number == 2 else "read", "<no text>"))
                time.sleep(0.05)
            gate.wait(30)
            return AddReport()

        assert work.start(Job("adding", run, ("folder",)))
        deadline = time.monotonic() + 30
        while not (work.state and work.state.done == 3):
            assert time.monotonic() < deadline
        told = soup(adding.told(library, work.state, EN))
        gate.set()
        status = told.select_one("[role=status]")
        assert status is not None
        assert re.fullmatch(r"3 of 100 · [\d.]+ a second · about \d+ s left", status.text)
        bar = told.select_one("progress")
        assert bar is not None
        assert (bar["value"], bar["max"]) == ("3", "100")
        assert [item.text for item in told.select(".qa-steps li")] == [
            "page-3.html read",
            "page-2.html not added: <no text>",
            "page-1.html read",
        ]
        assert told.select("summary")[0].text == "1 not added"

    def test_an_error_ends_it_and_is_said(self, library: Library, caplog: pytest.LogCaptureFixture) -> None:
        for problem, said in ((InvalidInput("too <bad>"), "too <bad>"), (ZeroDivisionError(), "unexpected error")):
            work = Work()

            def run(
                sources: Sequence[Source], tell: Callable[[Progress], bool], problem: Exception = problem
            ) -> AddReport:
                raise problem

            work.start(Job("adding", run))
            finished(work)
            assert said in soup(adding.told(library, work.state, EN)).text
        assert "ZeroDivisionError" in caplog.text

    def test_how_often_to_look_again_is_remembered(self, library: Library) -> None:
        watch = Watch(library, Work())
        assert watch.minutes == 0
        watch.set(60)
        watch.end()
        again = Watch(library, Work())
        again.end()
        assert again.minutes == 60
        with pytest.raises(InvalidInput, match="minutes is 7"):
            again.set(7)


class TestShelf:
    def test_table_lists_searches_and_escapes(self, library: Library) -> None:
        assert "No articles yet" in shelf.table(library, EN)
        bold = Article(
            id='x"<b>', title="<b>Bold</b> claims", text="A claim is made here. It is bold.", authors=("Ana",)
        )
        library.add(bold)
        library.add(Article(id="y", title="Other", text="Something else is said here.", published="2020-05"))
        rows = soup(shelf.table(library, EN)).select("tbody tr")
        assert [row.select_one("th").text for row in rows] == ["Other", "<b>Bold</b> claims"]  # type: ignore[union-attr]
        (row,) = soup(shelf.table(library, EN, Shown("ANA"))).select("tbody tr")
        assert [cell.text for cell in row.select("td")] == ["", "Ana", "", "", "1 passage", "Read"]
        assert row.input["value"] == 'x"<b>'  # type: ignore[index]
        assert "No title, author or site matches “&lt;zzz&gt;”" in shelf.table(library, EN, Shown("<zzz>"))
        assert shelf.counts(library, EN) == "2 articles · 2 passages"
        question = soup(shelf.confirmation(library, ['x"<b>'], EN))
        assert question.text == "Remove “<b>Bold</b> claims” from the library?"
        assert shelf.confirmation(library, ["gone"], EN) == ""

    def test_sorting_and_paging(self, library: Library) -> None:
        library.add(
            Article(id=f"n{number}", title=f"Note {number:03}", text=f"Note {number} says it.", site="ab"[number % 2])
            for number in range(shelf.ROWS + 5)
        )
        shown = Shown().sorted_by("title")
        assert shown == Shown(order="title", descending=False)
        first = soup(shelf.table(library, EN, shown))
        titles = [each.text for each in first.select("tbody .qa-title")]
        assert (titles[0], len(titles)) == ("Note 000", shelf.ROWS)
        sorting = first.select_one("th[aria-sort]")
        assert sorting is not None
        assert (sorting["aria-sort"], sorting.text.split()[0]) == ("ascending", "Title")
        assert [button.has_attr("disabled") for button in first.select(".qa-paging button")] == [True, False]
        second = soup(shelf.table(library, EN, Shown("", "title", False, 1)))
        assert second.select_one(".qa-paging span").text == "51–55 of 55"  # type: ignore[union-attr]
        assert [each.text for each in second.select("tbody .qa-title")][-1] == "Note 054"
        assert Shown("", "title", True).sorted_by("title").descending is False
        by_site = soup(shelf.table(library, EN, Shown("", "site", True))).select("tbody .qa-title")
        assert by_site[0].text == "Note 053"


class TestArticle:
    def test_facts_are_corrected_and_taken_back(self, example_copy: Path) -> None:
        with Library.open(example_copy) as library:
            stored = next(each for each in library.articles() if each.title.startswith("Turbines on a leash"))
            typed = ("Turbines <at sea>", "Ann Lee; Bo", "2020-02", "", "en")
            assert article.fields(stored)[1] == "Jonas Abiodun"
            assert "Saved" in article.save(library, stored.id, typed, EN)
            now = library.article(stored.id)
            assert (now.title, now.authors, now.published, now.site) == (
                "Turbines <at sea>",
                ("Ann Lee", "Bo"),
                "2020-02",
                None,
            )
            head = soup(article.head(library, stored.id, EN))
            assert head.h2.text == "Turbines <at sea>"  # type: ignore[union-attr]
            assert head.select_one(".qa-corrected").text == (  # type: ignore[union-attr]
                f"Corrected by hand. The page says: Title: {stored.title} · Authors, separated by semicolons: "
                f"Jonas Abiodun · Date: {stored.published} · Site: Tidemark"
            )
            assert "give a date that exists" in article.save(library, stored.id, (*typed[:2], "soon", "", "en"), EN)
            assert "Saved" in article.uncorrect(library, stored.id, EN)
            assert library.article(stored.id) == stored
            assert "no longer" in article.save(library, "gone", typed, EN)

    def test_its_passages_are_listed(self, example_library: Library) -> None:
        stored = next(iter(example_library.articles()))
        items = soup(article.passages(example_library, stored.id, EN)).select("li")
        assert [item.blockquote.text for item in items] == [  # type: ignore[union-attr]
            each.text for each in example_library.passages(stored.id)
        ]


class TestPictures:
    def test_every_picture_has_a_table_of_the_same_numbers(self, example_library: Library) -> None:
        overview = example_library.overview()
        drawn = soup(overview_html(overview, EN))
        figures = drawn.select("figure")
        assert [each.figcaption.text for each in figures] == [  # type: ignore[union-attr]
            "Articles by year",
            "Articles by site",
            "Articles by author",
            "Articles by language",
        ]
        for figure, counts in zip(figures[1:], (overview.sites, overview.authors, overview.languages), strict=True):
            rows = [(row.th.text, int(row.td.text)) for row in figure.select("tbody tr")]  # type: ignore[union-attr]
            assert rows == list(counts.items())
            assert len(figure.select("svg rect")) == len(counts)
        years = [(row.th.text, int(row.td.text)) for row in figures[0].select("tbody tr")]  # type: ignore[union-attr]
        assert dict(years) == dict(overview.years)
        assert sum(count for _, count in years) == 18

    def test_years_without_articles_are_drawn_too(self, library: Library) -> None:
        for year in ("2019", "2022-05", None):
            text = f"Written in {year}, so it says."
            library.add(Article(id=f"y{year}", title=f"Of {year}", text=text, published=year))
        figure = soup(overview_html(library.overview(), EN)).select("figure")[0]
        assert [row.th.text for row in figure.select("tbody tr")] == ["2019", "2020", "2021", "2022", "no date"]  # type: ignore[union-attr]

    def test_an_empty_library_says_so(self, library: Library) -> None:
        assert "There are no articles yet" in overview_html(library.overview(), EN)

    def test_the_map_shows_where_a_question_falls(self, example_library: Library, asked: Conversation) -> None:
        maps = Maps(example_library)
        maps.start()
        deadline = time.monotonic() + 120
        while maps.done is not None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        atlas, answer = maps.atlas, asked.exchanges[0].answer
        assert atlas is not None
        assert not maps.is_old
        at = atlas.of_vector(example_library.encoder.encode_questions([SHARE])[0])
        drawn = soup(map_html(atlas, EN, question=SHARE, at=at, hits=answer.hits))
        assert len(drawn.select("svg > g > circle[class^=qa-dot]")) == 129
        assert [each.text.strip()[-1] for each in drawn.select(".qa-lit")] == ["1", "2", "3", "4", "5"]
        assert drawn.select_one(".qa-star title").text == f"Question: {SHARE}"  # type: ignore[union-attr]
        table = drawn.select("details table")[0]
        assert [row.th.text for row in table.select("tbody tr")] == [hit.article.title for hit in answer.hits]  # type: ignore[union-attr]
        # It falls nearer to what was found first than to most passages.
        best = atlas.of_hits(answer.hits)[0]
        assert best is not None
        far = sorted((each.x - at[0]) ** 2 + (each.y - at[1]) ** 2 for each in atlas.places)
        assert (best.x - at[0]) ** 2 + (best.y - at[1]) ** 2 < far[len(far) // 4]


class TestWords:
    @staticmethod
    def flat(table: dict[str, object], before: str = "") -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in table.items():
            found |= TestWords.flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": value}
        return found

    @pytest.mark.parametrize("language", LANGUAGES[1:])
    def test_every_language_says_everything(self, language: str) -> None:
        english, other = self.flat(EN.table), self.flat(words(language).table)
        assert set(other) == set(english)
        for key, said in english.items():
            if isinstance(said, str) and not key.endswith(".one"):
                assert sorted(re.findall(r"{\w+}", str(other[key]))) == sorted(re.findall(r"{\w+}", said)), key
        same = {key for key in english if other[key] == english[key]}
        assert len(same) < 40  # "Date", "{n} min" …

    def test_dates_and_numbers(self) -> None:
        assert EN.date("2023-02-17") == "17 February 2023"
        assert words("es").date("2023-02-17") == "17 de febrero de 2023"
        assert words("ar").date("2023-02") == "فبراير 2023"
        assert (EN.date("1869"), EN.date(None)) == ("1869", "")
        assert (EN.count("articles", 1), EN.count("articles", 1200)) == ("1 article", "1,200 articles")
        with pytest.raises(KeyError):
            EN("ask.nothing")

    @pytest.mark.parametrize(
        ("header", "language"),
        [
            ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
            ("de, es;q=0.4, ar;q=0.5", "ar"),
            ("en-GB,fr;q=0.9", "en"),
            ("de", "en"),
            ("", "en"),
            (";;q=x,,es;q=", "es"),
        ],
    )
    def test_the_language_that_a_browser_prefers(self, header: str, language: str) -> None:
        assert preferred(header) == language

    def test_words_are_values(self) -> None:
        assert isinstance(EN, Words)
        assert words("ar").direction == "rtl"
