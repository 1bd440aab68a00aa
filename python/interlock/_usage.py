"""Counts of calls and denials until they are reported."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: The method under which further calls are counted.
OTHER_METHODS = "…"

_MAXIMUM_ROWS = 10_000
#: What the authority takes of a method's name, in characters.
_MAXIMUM_METHOD = 256
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class UsageKey:
    """What calls are counted by."""

    #: `package.Service/Method`.
    method: str
    #: The caller's SPIFFE ID; empty when no identity was accepted.
    caller: str
    #: The SPIFFE IDs of the bots that act for the caller, the one at the other end first.
    actors: tuple[str, ...]
    #: The reason of a denial; empty for admitted calls.
    denial: str
    #: The day in UTC, in days since the epoch.
    day: int


@dataclass
class UsageRow:
    """All calls with one key. Times are seconds since the epoch."""

    count: int
    first_at: float
    last_at: float


class Usage:
    """Counts calls: 10,000 rows at most, further ones under the method "…". Thread-safe."""

    def __init__(self, clock: Callable[[], float], since: float) -> None:
        self._clock = clock
        self._rows: dict[UsageKey, UsageRow] = {}
        self._lock = threading.Lock()
        #: Since when no count has been lost.
        self.counted_since = since

    def __len__(self) -> int:
        return len(self._rows)

    def count(self, path: str, caller: str, actors: Sequence[str], denial: str) -> None:
        """Counts a call. `path` is `/package.Service/Method`."""
        now = self._clock()
        method, day = path[1:], int(now // _DAY_SECONDS)
        with self._lock:
            if len(method) > _MAXIMUM_METHOD and not denial:
                self.counted_since = now  # Its name is cut, so it may be counted as another one.
            key = UsageKey(method[:_MAXIMUM_METHOD], caller, tuple(actors), denial, day)
            self._add(key, UsageRow(1, now, now))

    def take(self, most: int) -> dict[UsageKey, UsageRow]:
        """Hands over the oldest rows, and counts them no more."""
        with self._lock:
            taken = {key: self._rows[key] for key in list(self._rows)[:most]}
            for key in taken:
                del self._rows[key]
        return taken

    def put_back(self, rows: dict[UsageKey, UsageRow]) -> None:
        """Takes back rows that could not be delivered."""
        with self._lock:
            for key, row in rows.items():
                self._add(key, row)

    def lost(self) -> None:
        """Records that rows have been dropped."""
        with self._lock:
            self.counted_since = self._clock()

    def _add(self, key: UsageKey, row: UsageRow) -> None:
        if key not in self._rows and len(self._rows) >= _MAXIMUM_ROWS:
            key = UsageKey(OTHER_METHODS, "", (), key.denial, key.day)
        known = self._rows.get(key)
        if known is None:
            self._rows[key] = UsageRow(row.count, row.first_at, row.last_at)
            return
        known.count += row.count
        known.first_at = min(known.first_at, row.first_at)
        known.last_at = max(known.last_at, row.last_at)
