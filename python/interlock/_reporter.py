"""Reports to the authority that this process lives, what it serves, and which calls it got."""

from __future__ import annotations

import hashlib
import logging
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import grpc

from ._errors import InterlockError
from ._manifest import Manifest, served_manifest
from ._messages import message
from ._usage import Usage, UsageKey, UsageRow

LOG = logging.getLogger("interlock")
_PACKAGE = "interlock.authority.v1"
_PERIOD_SECONDS = 10.0
_TIMEOUT_SECONDS = 5.0
#: A process that has nothing to report gives a sign of life after so many periods.
_QUIET_PERIODS = 3
#: What the authority takes in one report.
_MAXIMUM_ROWS = 1_000
#: The authority takes 1 MiB.
_MAXIMUM_BYTES = 524_288


class Reporter:
    """Reports when what is served changes, every 10 s what has been counted, and at least every 30 s."""

    def __init__(self, call: Callable[[str, Any, float], Any], manifest: Manifest, clock: Callable[[], float]) -> None:
        self._call = call
        self._manifest = manifest
        self._instance = str(uuid.uuid4())
        self._started_at = clock()
        self._served: dict[str, str] = {}
        self._lock = threading.Lock()
        self._introduced = False
        self.usage = Usage(clock, self._started_at)

    def serving(self, services: set[str], address: str) -> None:
        """Puts services into the fleet's directory."""
        self._served.update(dict.fromkeys(services, address))
        threading.Thread(target=self._report, daemon=True).start()

    def not_serving(self, services: set[str]) -> None:
        for service in services:
            self._served.pop(service, None)

    def run(self, ending: threading.Event) -> None:
        """Reports until `ending`, and then what is left."""
        quiet = 0
        while not ending.wait(_PERIOD_SECONDS):
            quiet += 1
            if self.usage or quiet >= _QUIET_PERIODS:
                quiet = 0
                self._report()
        # What is left may need more than one report; as long as the authority takes it.
        while (self.usage or self._introduced) and self._report(True):
            if not self.usage:
                return

    def _report(self, ending: bool = False) -> bool:
        """Reports once, and gives whether the authority has taken it. When `ending`, the last report says so."""
        with self._lock:
            waiting = self.usage.take(_MAXIMUM_ROWS)
            request, manifest = self._request()
            rows: dict[UsageKey, UsageRow] = {}
            size = 0
            while waiting and size < _MAXIMUM_BYTES:
                key = next(iter(waiting))
                row = rows[key] = waiting.pop(key)
                one = request.usage.add(
                    method=key.method, caller=key.caller, actors=key.actors, denial=key.denial, count=row.count
                )
                _set(one.first_at, row.first_at)
                _set(one.last_at, row.last_at)
                size += one.ByteSize()
            self.usage.put_back(waiting)
            request.stopping = ending and not self.usage
            try:
                answer = self._call("Report", request, _TIMEOUT_SECONDS)
                self._introduced = True
            except InterlockError as error:
                # What the authority does not take today, it does not take tomorrow either.
                if error.code is not grpc.StatusCode.INVALID_ARGUMENT:
                    self.usage.put_back(rows)
                elif rows:
                    self.usage.lost()
                LOG.warning("usage not reported: %s", error)
                return False
            if answer.manifest_wanted:
                self._introduce(request, manifest)
            return True

    def _introduce(self, request: Any, manifest: str) -> None:
        """Sends the manifest, and no usage again."""
        introduction = type(request)()
        introduction.CopyFrom(request)
        del introduction.usage[:]
        introduction.manifest = manifest
        try:
            self._call("Report", introduction, _TIMEOUT_SECONDS)
        except InterlockError as error:
            LOG.warning("manifest not reported: %s", error)

    def _request(self) -> tuple[Any, str]:
        served = dict(self._served)
        manifest = served_manifest(self._manifest, set(served))
        request = message(f"{_PACKAGE}.ReportRequest")(instance=self._instance)
        request.manifest_hash = hashlib.sha256(manifest.encode()).hexdigest() if manifest else ""
        _set(request.started_at, self._started_at)
        _set(request.counted_since, self.usage.counted_since)
        for service, address in served.items():
            request.endpoints.add(service=service, address=address)
        return request, manifest


def _set(timestamp: Any, at: float) -> None:
    timestamp.FromDatetime(datetime.fromtimestamp(at, timezone.utc))
