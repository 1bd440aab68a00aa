"""The calls under way: they end when their caller is revoked, or what admitted them is valid no more."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from ._chain import Admission, Chain
from ._errors import InterlockError
from ._trust import Trust

_PERIOD_SECONDS = 0.5


class OpenCalls:
    """Compares every call under way with the trust: at once when it changes, and twice a second for what expires."""

    def __init__(self, chain: Chain, trust: Trust) -> None:
        self._chain = chain
        self._calls: dict[Admission, Callable[[InterlockError], None]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._unsubscribe = trust.on_change(self._wake.set)
        threading.Thread(target=self._watch, name="interlock-open-calls", daemon=True).start()

    @contextlib.contextmanager
    def watching(self, admission: Admission, end: Callable[[InterlockError], None]):  # type: ignore[no-untyped-def]
        """Calls `end` once, from a thread of its own, if the call must not go on. Ends with the block."""
        with self._lock:
            self._calls[admission] = end
            if len(self._calls) == 1:
                self._wake.set()
        try:
            yield
        finally:
            with self._lock:
                self._calls.pop(admission, None)

    def close(self) -> None:
        self._closed = True
        self._unsubscribe()
        self._wake.set()

    def _watch(self) -> None:
        while not self._closed:
            self._wake.wait(_PERIOD_SECONDS if self._calls else None)
            self._wake.clear()
            with self._lock:
                calls = list(self._calls.items())
            for admission, end in calls:
                error = self._chain.fault_of(admission)
                if error is None:
                    continue
                with self._lock:
                    if self._calls.pop(admission, None) is None:
                        continue
                self._chain.refused(admission.method, admission.connection, error)
                end(error)
