"""The Conversations tab: a frame that the page's script fills from what the browser keeps (assets/conversations.js)."""

from __future__ import annotations

from qa.ui.draw import text
from qa.ui.words import Words

FORMATS = (("md", "Markdown"), ("html", "HTML"), ("bib", "BibTeX"), ("json", "CSL-JSON"))


def full(words: Words) -> str:
    """What is said while the browser has no room left, as HTML; the script shows it then."""
    return f'<p class="qa-notice" role="alert" id="qa-storage-full" hidden>{text(words("conversations.full"))}</p>'


def frame(words: Words) -> str:
    """The list's frame, and the row that each conversation gets, as HTML. Nothing in it comes from an article."""

    def said(key: str) -> str:
        return text(words(f"conversations.{key}"))

    formats = "".join(f'<button type="button" class="qa-tool" data-act="export" data-format="{ending}">{name}</button>'
                      for ending, name in FORMATS)  # fmt: skip
    acts = "".join(f'<button type="button" class="qa-tool" data-act="{name}">{said(name)}</button>'
                   for name in ("rename", "delete"))  # fmt: skip
    return (
        f'<p class="qa-note">{said("intro")}</p>'
        f'<p class="qa-tools"><input type="search" id="qa-find-conversation" placeholder="{said("search")}" '
        f'aria-label="{said("search")}"><button type="button" class="qa-tool" data-act="delete-all" '
        f'data-confirm="{said("confirm_all")}">{said("delete_all")}</button></p>'
        f'<p class="qa-empty" id="qa-no-conversations">{said("none")}</p>'
        f'<ul id="qa-conversation-list" aria-label="{said("label")}"></ul>'
        f'<template id="qa-conversation-row"><li class="qa-card"><div class="qa-conversation">'
        f'<button type="button" class="qa-title" data-act="open" dir="auto"></button>'
        f'<form hidden><input type="text" aria-label="{said("new_title")}" maxlength="200" dir="auto">'
        f'<button class="qa-tool">{said("save")}</button>'
        f'<button type="button" class="qa-tool" data-act="cancel">{said("cancel")}</button></form>'
        f'<p class="qa-meta"><time></time> · <span data-count="{said("questions")}"></span></p></div>'
        f'<p class="qa-tools">{acts}</p><details><summary>{said("export")}</summary>'
        f'<p class="qa-tools">{formats}</p></details></li></template>'
        f'<template id="qa-conversation-gone"><li class="qa-card" role="status">'
        f'<span dir="auto" data-said="{said("deleted")}"></span> '
        f'<button type="button" class="qa-tool" data-act="undo">{text(words("library.undo"))}</button></li></template>'
    )
