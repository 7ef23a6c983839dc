"""The browser page and the server behind it. Nothing here is needed to use `Library` from code.

`build` makes the Gradio page for an open library, `create_app` the web app around it (with the reading view),
`serve` opens a library and runs the app until Ctrl-C.
"""

from __future__ import annotations

from qa.ui.page import build
from qa.ui.server import create_app, serve

__all__ = ["build", "create_app", "serve"]
