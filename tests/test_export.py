"""Conversations as documents, and what they cite as bibliographies."""

from __future__ import annotations

import json

from bs4 import BeautifulSoup

from qa import Article, Library
from qa.export import bibtex, cited, conversation_html, conversation_markdown, csl_json

SHARE = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"
NOTHING = "What is the boiling point of tungsten in a vacuum chamber on Mars?"
BAD = '<script>alert(1)</script> & {50%} $x_1$ ~ \\n "q"'


def test_markdown_and_html_hold_questions_quotes_and_sources(example_library: Library) -> None:
    asked = [(question, example_library.ask(question)) for question in (SHARE, NOTHING)]
    quote = asked[0][1].citations[0].quote
    text = conversation_markdown("A <talk>\n", asked)
    assert text.startswith(f"# A \\<talk\\>\n\n## {SHARE}\n\n")
    assert "1. Turbines on a leash: the slow rise of floating wind, Jonas Abiodun, Tidemark, 20 September 2024" in text
    assert text.endswith(f"## {NOTHING}\n\n{asked[1][1].text}\n")
    page = BeautifulSoup(conversation_html("A <talk>", asked), "html.parser")
    assert page.h1.text == "A <talk>"  # type: ignore[union-attr]
    assert [heading.text for heading in page.select("h2")] == [SHARE, NOTHING]
    assert page.select("q")[0].text == quote
    assert [page.select_one(str(link["href"])).text.split(",")[0] for link in page.select("sup a")] == [  # type: ignore[union-attr]
        citation.title for citation in asked[0][1].citations
    ]
    assert page.select("script") == []


def test_answers_about_articles_are_exported_too(example_library: Library) -> None:
    asked = [("Which articles mention Tonga?", example_library.ask("Which articles mention Tonga?"))]
    page = BeautifulSoup(conversation_html("T", asked), "html.parser")
    assert len(page.select("ol li")) == len(asked[0][1].citations) > 1
    assert "Tonga back online" in conversation_markdown("T", asked)


def test_text_stays_text() -> None:
    article = Article("x", BAD, f"{BAD} is what it says.", authors=(BAD,), site=BAD, url="javascript:alert(1)")
    tex = bibtex([article])
    assert "\\{50\\%\\} \\$x\\_1\\$ \\textasciitilde{} \\textbackslash{}n" in tex
    assert tex.count("{") - tex.count("\\{") == tex.count("}") - tex.count("\\}")
    assert "javascript" not in tex + csl_json([article])
    assert BeautifulSoup(conversation_html(BAD, []), "html.parser").select("script") == []


def test_bibliographies_of_all_kinds_of_facts() -> None:
    articles = [
        Article(
            "1", "Öl und Meer", "x", "https://a.example/1", ("Vincent van Gogh", "Ännchen von Tharau"),
            "2020-03-05", "Die Zeitung", "de",
        ),
        Article("2", "Öl und Meer", "x", "https://a.example/2", ("Vincent van Gogh",), "2020"),
        Article("3", "Nobody knows", "x", authors=("Reuters",), published="2021-11"),
        Article("4", "", "x"),
    ]  # fmt: skip
    items = json.loads(csl_json(articles))
    assert items[0] == {
        "id": "vangogh2020meer",
        "type": "webpage",
        "title": "Öl und Meer",
        "author": [{"family": "van Gogh", "given": "Vincent"}, {"family": "von Tharau", "given": "Ännchen"}],
        "issued": {"date-parts": [[2020, 3, 5]]},
        "container-title": "Die Zeitung",
        "URL": "https://a.example/1",
        "language": "de",
    }
    assert [item["id"] for item in items] == ["vangogh2020meer", "vangogh2020meer-2", "reuters2021nobody", "article"]
    assert items[2]["author"] == [{"literal": "Reuters"}]
    assert items[2]["issued"] == {"date-parts": [[2021, 11]]}
    first, second, third, _ = bibtex(articles).split("\n\n")
    assert first.splitlines() == [
        "@misc{vangogh2020meer,",
        "  title = {{Öl und Meer}},",
        "  author = {van Gogh, Vincent and von Tharau, Ännchen},",
        "  year = {2020},",
        "  howpublished = {Die Zeitung},",
        "  url = {https://a.example/1},",
        "  month = mar,",
        "}",
    ]
    assert second.startswith("@misc{vangogh2020meer-2,")
    assert "month" not in second
    assert "author = {{Reuters}}" in third
    assert bibtex([]) == ""


def test_each_article_is_cited_once_and_what_is_gone_is_left_out(example_library: Library) -> None:
    answer = example_library.ask(SHARE)
    (article,) = cited([(SHARE, answer), (SHARE, answer)], example_library.article)
    assert article.id == answer.citations[0].article_id

    def gone(article_id: str) -> Article:
        return example_library.article(f"{article_id}-gone")

    assert cited([(SHARE, answer)], gone) == []
