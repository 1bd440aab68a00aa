"""Counting, without a fleet: by actors and days, within bounds, and what is said of losses."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

import grpc
from fleet import MANIFEST

from interlock import InterlockError
from interlock._manifest import read_manifest
from interlock._messages import message
from interlock._reporter import Reporter
from interlock._usage import Usage, UsageKey

DAY = 86_400.0
SERVICE = "lab.vision.v1.VisionService"


class Authority:
    """Takes reports, or fails."""

    def __init__(self) -> None:
        self.reports: list[Any] = []
        self.failure: InterlockError | None = None
        self.known: set[str] = set()

    def __call__(self, name: str, request: Any, timeout: float) -> Any:
        if self.failure:
            raise self.failure
        self.reports.append(request)
        if request.manifest:
            assert hashlib.sha256(request.manifest.encode()).hexdigest() == request.manifest_hash
            self.known.add(request.manifest_hash)
        wanted = bool(request.manifest_hash) and request.manifest_hash not in self.known
        return message("interlock.authority.v1.ReportResponse")(manifest_wanted=wanted)


class Times:
    now = 20_000 * DAY

    def __call__(self) -> float:
        return self.now


def reporter(authority: Authority, clock: Times) -> Reporter:
    return Reporter(authority, read_manifest(MANIFEST), clock)


def end(one: Reporter) -> None:
    ending = threading.Event()
    ending.set()
    one.run(ending)


def test_counts_by_actors_and_day() -> None:
    clock = Times()
    usage = Usage(clock, clock.now)
    for actors in ([], ["g"], ["g", "f"], ["g"]):
        usage.count("/a.B/C", "c", actors, "")
    clock.now += DAY
    usage.count("/a.B/C", "c", [], "")
    usage.count("/a.B/C", "c", [], "NO_GRANT")
    rows = usage.take(99)
    assert [(key.actors, key.denial, key.day, row.count) for key, row in rows.items()] == [
        ((), "", 20_000, 1),
        (("g",), "", 20_000, 2),
        (("g", "f"), "", 20_000, 1),
        ((), "", 20_001, 1),
        ((), "NO_GRANT", 20_001, 1),
    ]
    assert len(usage) == 0
    usage.put_back(rows)
    usage.count("/a.B/C", "c", [], "")
    assert usage.take(99)[UsageKey("a.B/C", "c", (), "", 20_001)].count == 2


def test_counts_beyond_the_bound_under_another_method() -> None:
    clock = Times()
    usage = Usage(clock, clock.now)
    for i in range(10_002):
        usage.count(f"/a.B/{i}", "c", [], "")
    rows = usage.take(20_000)
    assert len(rows) == 10_001
    assert rows[UsageKey("…", "", (), "", 20_000)].count == 2
    assert usage.counted_since == clock.now


def test_reports_the_manifest_and_all_that_it_has_counted() -> None:
    authority, clock = Authority(), Times()
    one = reporter(authority, clock)
    one._served[SERVICE] = "host:1"
    for i in range(1_001):
        one.usage.count(f"/a.B/{i}", "c", ["g"], "")
    end(one)
    first, manifest, last = authority.reports
    assert [len(report.usage) for report in authority.reports] == [1_000, 0, 1]
    assert [report.stopping for report in authority.reports] == [False, False, True]
    assert list(first.usage[0].actors) == ["g"]
    assert first.usage[0].first_at.ToSeconds() == 20_000 * DAY
    assert first.counted_since == first.started_at == last.counted_since
    services = json.loads(manifest.manifest)["services"]
    assert [service["name"] for service in services] == [SERVICE]
    assert "request" not in services[0]["methods"][0]
    end(reporter(authority, clock))
    assert len(authority.reports) == 3, "a process that ends at once is not reported"


def test_keeps_what_it_could_not_deliver_and_says_what_it_lost() -> None:
    authority, clock = Authority(), Times()
    one = reporter(authority, clock)
    one.usage.count("/a.B/C", "c", [], "")
    authority.failure = InterlockError(grpc.StatusCode.UNAVAILABLE, "away")
    assert one._report() is False
    authority.failure = None
    assert one._report() is True
    assert [row.method for row in authority.reports[-1].usage] == ["a.B/C"]
    assert authority.reports[-1].counted_since == authority.reports[-1].started_at

    clock.now += 5
    one.usage.count("/a.B/C", "c", [], "")
    authority.failure = InterlockError(grpc.StatusCode.INVALID_ARGUMENT, "malformed")
    one._report()
    authority.failure = None
    end(one)
    assert len(authority.reports[-1].usage) == 0
    assert authority.reports[-1].counted_since.ToSeconds() == clock.now


def test_a_cut_name_of_an_admitted_call_is_lost_and_that_of_a_denial_is_not() -> None:
    clock = Times()
    usage = Usage(clock, clock.now)
    clock.now += 1
    usage.count("/" + "m" * 257, "c", [], "UNIMPLEMENTED")
    assert usage.counted_since == clock.now - 1
    usage.count("/" + "m" * 257, "c", [], "")
    assert usage.counted_since == clock.now


def test_reports_no_more_at_once_than_the_authority_takes() -> None:
    authority, clock = Authority(), Times()
    one = reporter(authority, clock)
    name = "a" * 255
    for i in range(1_000):
        one.usage.count(f"/{'é' * 250}{i}", name, [name, name, name], "")
    end(one)
    assert max(report.ByteSize() for report in authority.reports) < 560_000
    assert sum(len(report.usage) for report in authority.reports) == 1_000
    assert [report.stopping for report in authority.reports].index(True) == len(authority.reports) - 1
