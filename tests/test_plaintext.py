"""Text dumps and Markdown: the body of a dump, and texts that stay as they are."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.errors import NoArticleText, SourceError
from qa.extract import read_page
from qa.readers import plaintext
from qa.readers.plaintext import blocks_of
from qa.types import Article


def dump(text: str) -> Article:
    return read_page(text.encode(), media_type="text/plain", source="/saved/page-as-text.txt")


def kinds(text: str) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, text[block.start : block.end]) for block in blocks_of(text)]


MENU = "  • Home\n  • News\n    • Sea\n    • Land\n  • Shop\n  • About us\n  • Contact\n"
PROSE = [
    "The island of Hallow has had a school since 1834, and always it has had one teacher. This year it has none.",
    "Nobody has answered the advertisement, which the council has printed four times and read out once on air.",
    "Parents now take turns. On Mondays there are sums from the harbour master, on Tuesdays the nurse comes.",
    (
        "What happens in the autumn is a matter of argument. The ferry could take the nine children across, but not in "
        "a storm, and the storms begin in October."
    ),
]
DUMP = f"""{MENU}
No Result
View All Result
The Hallow Herald

The school without a teacher

12 May 2022
in Education
The school without a teacher
341
VIEWS
Share on FacebookShare on Twitter
By Orla Finch

{PROSE[0]}

{PROSE[1]}

Lessons by turns

{PROSE[2]}

Table 2: Who teaches what

• arithmetic
• the body

{PROSE[3]}

The views expressed in this article are those of the author and do not represent those of the Herald.

Related Posts

The ferry that waited
Transport

The ferry that waited for a bride, and what its captain said to the company afterwards in writing.

3 May 2022

Popular

Ten storms, ranked

© 2022 The Hallow Herald.

No Result
View All Result
{MENU}
This website uses cookies. By continuing you are giving consent to cookies being used.
"""


def test_a_dump_becomes_its_article() -> None:
    article = dump(DUMP)
    assert article.title == "The school without a teacher"
    assert article.authors == ("Orla Finch",)
    assert article.published == "2022-05-12"
    assert article.site == "The Hallow Herald"
    assert article.language == "en"
    assert [(block.kind, article.text[block.start : block.end]) for block in article.blocks] == [
        ("paragraph", PROSE[0]),
        ("paragraph", PROSE[1]),
        ("heading", "Lessons by turns"),
        ("paragraph", PROSE[2]),
        ("caption", "Table 2: Who teaches what"),
        ("item", "arithmetic"),
        ("item", "the body"),
        ("paragraph", PROSE[3]),
    ]


def test_a_dump_of_wrapped_lines_has_whole_paragraphs() -> None:
    import textwrap

    wrapped = DUMP
    for paragraph in PROSE:
        wrapped = wrapped.replace(paragraph, textwrap.fill(paragraph, 72))
    text = dump(wrapped).text
    assert [paragraph for paragraph in PROSE if paragraph not in text] == []


CLEAN = [
    "\n\n".join(PROSE),
    "\n".join(PROSE),
    "The school without a teacher\n\n" + "\n\n".join(PROSE) + "\n",
    "Roses\n\n" + "\n".join(f"line of a poem, {number}" for number in range(40)),
    "\n\n".join(PROSE) + "\n\n© 2022 The Hallow Herald. All rights reserved.",
    "Soup\n\n• 2 onions\n• 1 leek\n• salt\n• water\n• oil\n\n" + PROSE[0] + "\n\nSubscribe to our newsletter",
    "  Indented.\u00a0With no-break spaces.\t Tabs too.  \n\n\n\nAnd four line breaks.",
]


@pytest.mark.parametrize("text", CLEAN)
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    assert dump(text).text == text


def test_a_clean_text_is_named_by_its_first_line_else_by_its_file() -> None:
    assert dump("The school without a teacher\n\n" + PROSE[0]).title == "The school without a teacher"
    assert dump("\n\n".join(PROSE)).title == "page as text"
    assert read_page("\n\n".join(PROSE)).title.startswith("The island of Hallow has had a school")


def test_a_clean_text_says_who_and_when_and_keeps_the_lines() -> None:
    article = dump("The school\n\nBy Orla Finch\nPublished: 12 May 2022\n\n" + PROSE[0])
    assert (article.authors, article.published) == (("Orla Finch",), "2022-05-12")
    assert "By Orla Finch" in article.text


def test_windows_line_ends_are_line_ends() -> None:
    assert dump("One line here.\r\n\r\nAnother one there.\r").text == "One line here.\n\nAnother one there.\n"


@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff"])
def test_a_blank_text_is_no_article(text: str) -> None:
    with pytest.raises(NoArticleText):
        dump(text)


MARKDOWN = """---
title: "The school: a history"
author: Orla Finch
date: 2022-05-12
url: https://herald.example/school
lang: en-GB
---

# The school

Nobody has *answered* the advertisement.

## Lessons

- arithmetic
  - sums
- the body

1. first
2) second

> We manage,
> she said.

| Day | Lesson |
|-----|:------:|
| Monday | sums |

```python
print("x")

print("y")
```

Outlook
=======

***

Figure 3. The schoolhouse in May
"""


def test_markdown_is_kept_and_its_blocks_leave_the_markers_out() -> None:
    article = read_page(MARKDOWN.encode(), media_type="text/markdown")
    assert article.title == "The school: a history"
    assert article.authors == ("Orla Finch",)
    assert article.published == "2022-05-12"
    assert article.url == "https://herald.example/school"
    assert article.language == "en"
    assert article.text == MARKDOWN.partition("---\n\n")[2]
    assert [(block.kind, block.level, article.text[block.start : block.end]) for block in article.blocks] == [
        ("heading", 1, "The school"),
        ("paragraph", 0, "Nobody has *answered* the advertisement."),
        ("heading", 2, "Lessons"),
        ("item", 1, "arithmetic"),
        ("item", 2, "sums"),
        ("item", 1, "the body"),
        ("item", 1, "first"),
        ("item", 1, "second"),
        ("quote", 0, "We manage,"),
        ("quote", 0, "she said."),
        ("row", 1, "Day | Lesson"),
        ("row", 0, "Monday | sums"),
        ("code", 0, 'print("x")\n\nprint("y")'),
        ("heading", 1, "Outlook"),
        ("caption", 0, "Figure 3. The schoolhouse in May"),
    ]


def test_front_matter_lists_authors() -> None:
    text = "---\nauthors:\n  - Orla Finch\n  - name: Ali Roe\ntags: [a, b]\n---\nText of one line.\n"
    assert read_page(text, media_type="text/markdown").authors == ("Orla Finch", "Ali Roe")


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    text = "---\nA quotation without keys\n---\n\nText of one line."
    assert read_page(text, media_type="text/markdown").text == text


def test_lines_are_paragraphs_unless_they_are_wrapped() -> None:
    lines = "One paragraph on one line.\nAnother paragraph, on the next.\nAnd a third of them."
    assert [text for _, _, text in kinds(lines)] == lines.split("\n")
    wrapped = (
        "It is a truth that few people in the harbour would care to deny that\n"
        "the nights are longer than they were, and the boats smaller, and that\n"
        "nobody has explained either of these things to the fish.\n\n"
        "A second paragraph follows after a blank line, and it is wrapped too,\n"
        "as the first one was."
    )
    assert [text for _, _, text in kinds(wrapped)] == wrapped.split("\n\n")


def test_a_short_free_line_over_prose_is_a_heading() -> None:
    text = f"{PROSE[0]}\n\nLessons by turns\n\n{PROSE[1]}\n\nIt rained.\n\n{PROSE[2]}"
    assert [kind for kind, _, _ in kinds(text)] == ["paragraph", "heading", "paragraph", "paragraph", "paragraph"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["\n", "\n\n", "# ", "- ", "1. ", "> ", "| a |", "---", "```", "  ", "=="]),
            st.text(max_size=20),
        )
    ).map("".join)
)
def test_blocks_are_in_order_filled_and_trimmed(text: str) -> None:
    position = 0
    for block in blocks_of(text):
        assert block.start >= position
        assert text[block.start : block.end]
        shown = text[block.start : block.end]
        assert shown.strip() == (shown.lstrip() if block.kind == "code" else shown)  # code keeps its indentation
        position = block.end


def test_every_word_of_a_plain_text_is_in_a_block() -> None:
    text = "\n".join(PROSE) + "\n\n" + "\n\n".join(PROSE)
    assert " ".join(part for _, _, part in kinds(text)).split() == text.split()


@pytest.mark.parametrize(
    "line", ["word ", "A line of text.\n", "- item\n", "| a ", "> ", "# ", "* ", "-:|", "x\n\n", "```\n"]
)
def test_huge_texts_take_time_in_proportion(line: str) -> None:
    def seconds(size: int) -> float:
        text = line * (size // len(line))
        began = time.perf_counter()
        blocks_of(text)
        return time.perf_counter() - began

    small = min(seconds(40_000) for _ in range(2))
    # The best of three: one garbage collection of a long run of tests takes a second.
    assert min(seconds(320_000) for _ in range(3)) < 8 * small * 4 + 0.5


def test_the_dump_of_a_file_is_read_by_its_suffix(tmp_path: Path) -> None:
    from qa.extract import read
    from qa.sources import load

    (tmp_path / "school.txt").write_text(DUMP, encoding="utf-16")
    assert read(load(tmp_path / "school.txt")).published == "2022-05-12"


def test_a_text_of_too_many_lines_is_refused_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plaintext, "_MOST_LINES", 1000)
    text = "The pans were raked at noon.\n" * 900
    assert len(read_page(text, media_type="text/plain").blocks) == 900
    with pytest.raises(SourceError, match=r"^/tmp/log\.txt has 1,100 lines; up to 1,000 are read"):
        read_page(text + "\u2028" * 200, media_type="text/plain", source="/tmp/log.txt")


def test_a_book_is_no_page_with_menus(monkeypatch: pytest.MonkeyPatch) -> None:
    menu = "".join(f"* Pan {number}\n" for number in range(30))
    prose = "The pans were raked at noon, when the wind had died and the brine stood still.\n\n" * 9
    text = f"{menu}\n{prose}\nRelated posts\nShare this article\n© 2020 Pans\n{menu}"
    assert "* Pan 7" not in read_page(text, media_type="text/plain").text
    monkeypatch.setattr(plaintext, "_PAGE_LINES", 50)
    assert read_page(text, media_type="text/plain").text == text


def test_invisible_characters_are_no_text_and_no_title() -> None:
    with pytest.raises(NoArticleText):
        read_page("\u200b\n\u2060 \u200b", media_type="text/plain")
    article = read_page("---\ntitle: \u200b\n---\nThe pans were raked at noon.\n", media_type="text/markdown")
    assert article.title == "The pans were raked at noon."
