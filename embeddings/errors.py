"""The root of the package's errors, here because `embeddings` may import nothing of `qa`."""

from __future__ import annotations


class ArticleQAError(Exception):
    """Any error that article-qa raises on purpose."""


class ModelError(ArticleQAError):
    """A model is missing, damaged or cannot be loaded; the message says what to do."""
