"""`python app.py`: the chat in the browser, over the library in `./library` (or ARTICLE_QA_LIBRARY).

An empty library starts with the example articles, so that there is something to ask. `article-qa serve` is the
same with options.
"""

from __future__ import annotations

from pathlib import Path

from qa.ui import build, serve

__all__ = ["build", "main", "serve"]

EXAMPLES = Path(__file__).parent / "examples" / "articles"


def main() -> None:
    serve(examples=EXAMPLES if EXAMPLES.is_dir() else None)


if __name__ == "__main__":
    main()
