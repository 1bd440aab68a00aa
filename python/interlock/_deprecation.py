"""What a server says of a deprecated method in the metadata of each answer, and the log of a caller that hears it.

The values are those of HTTP: `deprecation` (RFC 9745), `sunset` (RFC 8594), and `link` with the relation
`successor-version` (RFC 8288).
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

Clock = Callable[[], float]

LOG = logging.getLogger("interlock")
#: How often one method is logged, in seconds.
LOG_SECONDS = 24 * 3_600.0
#: How often an answer is looked at, in seconds.
LOOK_SECONDS = 60.0
#: How many methods are looked at.
MAXIMUM_METHODS = 1_000
_REPLACEMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,511}(/[A-Za-z_][A-Za-z0-9_]{0,255})?")
_LINK = re.compile(r'<\/([^<>\s]{1,768})>\s*;\s*rel="?successor-version"?')

Deprecation = tuple[tuple[str, str], ...]


def deprecation_metadata(policy: Any) -> Deprecation:
    """The metadata for the `deprecation` of a policy; empty for a method that is not deprecated."""
    if policy is None:
        return ()
    since, sunset, replacement = policy.get("since"), policy.get("sunset"), policy.get("replacement") or ""
    found = [("deprecation", f"@{int(_midnight(since).timestamp()) if since else 0}")]
    if sunset:
        found.append(("sunset", format_datetime(_midnight(sunset), usegmt=True)))
    if _REPLACEMENT.fullmatch(replacement):
        found.append(("link", f'</{replacement}>; rel="successor-version"'))
    return tuple(found)


def _midnight(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc)


class DeprecationLog:
    """Logs once a day for each method that the server of a call says it is deprecated. Thread-safe, and bounded."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_due(self, method: str) -> bool:
        """Whether the next answer of a method is to be looked at."""
        now = self._clock()
        with self._lock:
            if now < self._due.get(method, now) or (method not in self._due and len(self._due) >= MAXIMUM_METHODS):
                return False
            self._due[method] = now + LOOK_SECONDS
            return True

    def hear(self, method: str, metadata: Sequence[tuple[str, Any]] | None) -> None:
        """Looks at the initial metadata of an answer."""
        values = {key: value[:1_024] for key, value in metadata or () if isinstance(value, str)}
        since = re.fullmatch(r"@([0-9]{1,12})", values.get("deprecation", ""))
        if since is None:
            return
        with self._lock:
            self._due[method] = self._clock() + LOG_SECONDS
        link = _LINK.search(values.get("link", ""))
        instead = f", call {link[1]}" if link and _REPLACEMENT.fullmatch(link[1]) else ""
        LOG.warning(
            "%s, which this bot calls, is deprecated since %s, and refused from %s%s",
            method.lstrip("/"),
            _day(int(since[1])) if since[1] != "0" else "a day that is not known",
            _sunset(values.get("sunset", "")),
            instead,
        )


def _day(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")
    except (OverflowError, ValueError, OSError):
        return "a day that is not known"


def _sunset(text: str) -> str:
    try:
        return parsedate_to_datetime(text).astimezone(timezone.utc).strftime("%Y-%m-%d")
    except (TypeError, ValueError, OverflowError):
        return "a day that is not decided"
