"""One thread for small matrix products.

A question is a dozen tokens: splitting its products over threads costs more than it saves, and on a busy
machine each split waits for the slowest thread (409 ms against 47 ms to encode a question with the two
cores of this measurement's machine loaded by others). Encoding many passages keeps all threads.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_limiter: Any = None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """While any thread is inside, the process's BLAS libraries use one thread a call."""
    global _inside, _limiter
    with _lock:
        if _inside == 0:
            _limiter = _controller().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limiter.restore_original_limits()
                _limiter = None


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looking the libraries up takes milliseconds: once is enough
