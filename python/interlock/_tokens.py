"""Access tokens of this bot, renewed after two fifths of their life."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ._errors import InterlockError
from ._identity import Identity
from ._trust import Clock

#: Fetches a token for a service with at most these scopes, bound to the certificate: the token, and when it expires.
FetchToken = Callable[[str, tuple[str, ...], Identity], tuple[str, float]]
_RETRY_SECONDS = 2.0
_Key = tuple[str, str, tuple[str, ...]]


@dataclass
class _Entry:
    authorization: str
    renew_at: float
    expires_at: float


class Tokens:
    """Keeps tokens by service, scopes and certificate. Thread-safe; bounded by the methods that the bot calls."""

    def __init__(self, fetch: FetchToken, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._entries: dict[_Key, _Entry] = {}
        self._lock = threading.Lock()

    def authorization(self, audience: str, scopes: tuple[str, ...], identity: Identity) -> str:
        """The `authorization` value for calls of a service. Raises when the authority gives no token."""
        key = (audience, identity.certificate.thumbprint, scopes)
        entry = self._entries.get(key)
        now = self._clock()
        if entry and now < entry.expires_at - 1:
            if now >= entry.renew_at:
                entry.renew_at = now + _RETRY_SECONDS  # An authority that is away is not asked by every call.
                work = (key, audience, scopes, identity)
                threading.Thread(target=self._renew, args=work, name="interlock-token", daemon=True).start()
            return entry.authorization
        with self._lock:  # One at a time: calls that wait find the token.
            entry = self._entries.get(key)
            if entry and self._clock() < entry.expires_at - 1:
                return entry.authorization
            return self._keep(key, *self._fetch(audience, scopes, identity))

    def _renew(self, key: _Key, audience: str, scopes: tuple[str, ...], identity: Identity) -> None:
        with contextlib.suppress(InterlockError):  # The present token is still valid, and the next call tries again.
            token, expires_at = self._fetch(audience, scopes, identity)
            with self._lock:
                self._keep(key, token, expires_at)

    def _keep(self, key: _Key, token: str, expires_at: float) -> str:
        now = self._clock()
        for old in [one for one, known in self._entries.items() if now >= known.expires_at]:
            del self._entries[old]
        self._entries[key] = _Entry(f"Bearer {token}", now + (expires_at - now) * 0.4, expires_at)
        return self._entries[key].authorization

    def forget(self, audience: str) -> None:
        """Forgets the tokens for a service: they were refused, or hold a scope that has been taken away."""
        with self._lock:
            for key in [key for key in self._entries if key[0] == audience]:
                del self._entries[key]
