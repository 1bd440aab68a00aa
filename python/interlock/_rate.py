"""Limits on how often each of many keys may do something."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice

from ._manifest import Rate

MAXIMUM_KEYS = 10_000
_EVICTION_SAMPLE = 8


class RateLimiter:
    """A token bucket for each key, of 10,000 keys at most. Not thread-safe."""

    def __init__(self, rate: Rate, bound: int = MAXIMUM_KEYS) -> None:
        self._rate = rate
        self._bound = bound
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # Tokens, and when they were counted.

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, now: float) -> float:
        """Takes one. Gives 0, or the seconds until there is one to take."""
        if key not in self._buckets and len(self._buckets) >= self._bound:
            self._evict(now)
        tokens = self._tokens(self._buckets.get(key, (float(self._rate.burst), now)), now)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate.per_second
        self._buckets[key] = (tokens - 1 if wait == 0 else tokens, now)
        self._buckets.move_to_end(key)
        return wait

    def _tokens(self, bucket: tuple[float, float], now: float) -> float:
        tokens, filled_at = bucket
        return min(float(self._rate.burst), tokens + max(0.0, now - filled_at) * self._rate.per_second)

    def _evict(self, now: float) -> None:
        # Of the eight used longest ago, the fullest: a bucket that is full again loses nothing.
        oldest = list(islice(self._buckets.items(), _EVICTION_SAMPLE))
        fullest = max(oldest, key=lambda item: self._tokens(item[1], now))
        del self._buckets[fullest[0]]
