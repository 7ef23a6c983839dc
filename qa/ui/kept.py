"""What Gradio keeps of those who come, so that a server that runs for weeks holds no more than it needs.

Gradio keeps a session for every call of the API, 10,000 of them, each with a description of the whole page for links
that bring back its state: 200 kB a call. Such links are not served (qa/ui/routes.py), and a call leaves nothing behind
that another would need.
"""

from __future__ import annotations

from gradio import Blocks
from gradio.components.api_component import Api
from gradio.state_holder import SessionState, StateHolder

_MOST_WITHOUT_STATE = 100  # calls under way, and pages that have asked nothing yet: these lose nothing


class Sessions(StateHolder):
    """Gradio's sessions without what only its deep links need, and few of those in which nothing is held."""

    def __init__(self, page: Blocks) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.set_blocks(page)

    def __getitem__(self, session_id: str) -> SessionState:
        is_new = session_id not in self.session_data
        session = super().__getitem__(session_id)
        if is_new:
            session.config_values.clear()
            self._forget_oldest()
        return session

    def _forget_oldest(self) -> None:
        with self.lock:
            without = [key for key, session in list(self.session_data.items()) if _holds_nothing(session)]
            for key in without[:-_MOST_WITHOUT_STATE]:
                del self.session_data[key]
                self.time_last_used.pop(key, None)


def _holds_nothing(session: SessionState) -> bool:
    """Whether nothing in it differs from a new one, but for what went into a call of the API and came out."""
    blocks = session.blocks_config.blocks
    return not session.state_data and all(isinstance(blocks.get(key), Api) for key in session.config_values)
