"""Parts of the package alone: files and locks, names, limits, join tokens, trust."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fleet import NODE, ROOT

import interlock
from interlock._deprecation import LOG_SECONDS, LOOK_SECONDS, MAXIMUM_METHODS, DeprecationLog, deprecation_metadata
from interlock._der import read_der
from interlock._files import exclusively, write_private_file
from interlock._join import parse_join_token
from interlock._manifest import Rate, read_manifest
from interlock._messages import message
from interlock._names import matches_identity, parse_spiffe_id
from interlock._rate import RateLimiter
from interlock._trust import Trust, TrustFolder, apply_update, state_from_json, state_to_json


def test_a_private_file_is_private_and_whole(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_private_file(tmp_path / "deeper" / "x", "one")
    finally:
        os.umask(old)
    path = tmp_path / "deeper" / "x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(UnicodeEncodeError):
        write_private_file(path, "\ud800")
    assert path.read_text() == "one"
    assert os.listdir(path.parent) == ["x"]


def test_a_lock_keeps_out_threads_and_is_kept_out_by_typescript(tmp_path: Path) -> None:
    path = tmp_path / "identity.pem.lock"
    inside = 0

    def work() -> None:
        nonlocal inside
        with exclusively(path):
            inside += 1
            assert inside == 1
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not path.exists()
    # A process of TypeScript holds the same lock; this one waits for it.
    library = ROOT / "packages" / "bot" / "dist" / "identity" / "exclusively.js"
    script = f"""import {{ exclusively }} from {json.dumps(library.as_uri())};
    await exclusively({json.dumps(str(path))}, async () => {{
      console.log("held");
      for await (const _ of process.stdin);
    }});"""
    child = subprocess.Popen(
        [NODE, "--input-type=module", "-e", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout and child.stdin
    assert child.stdout.readline() == "held\n"
    entered = threading.Event()

    def enter() -> None:
        with exclusively(path):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.2)
    child.stdin.close()
    assert entered.wait(10)
    thread.join()
    child.wait(10)


def test_a_lock_of_a_process_that_was_killed_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    script = f"""import os, sys
sys.path.insert(0, {str(ROOT / "python")!r})
from pathlib import Path
from interlock._files import exclusively
with exclusively(Path({str(path)!r})):
    os.kill(os.getpid(), 9)"""
    subprocess.run([sys.executable, "-c", script])
    assert path.exists()
    with exclusively(path):
        pass


def test_names_and_patterns() -> None:
    for uri in ("spiffe://lab/arm/1", "spiffe://a.b-c_d/x"):
        assert parse_spiffe_id(uri)
    for uri in ("spiffe://lab", "spiffe://lab/", "SPIFFE://lab/x", "spiffe://LAB/x", "spiffe://lab/../x", "", None):
        assert parse_spiffe_id(uri) is None
    assert parse_spiffe_id("spiffe://lab/x\n") is None
    assert matches_identity("arm/*", "arm/1") and not matches_identity("arm/*", "arm/1/2")
    assert matches_identity("arm/**", "arm/1/2") and not matches_identity("arm/**", "arm")
    assert matches_identity("**", "arm") and not matches_identity("arm*", "arm1")


def test_a_limiter_has_a_rate_and_a_bound() -> None:
    limiter = RateLimiter(Rate(2, 3), bound=10)
    assert [limiter.take("a", 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert limiter.take("a", 0.5) == 0
    for i in range(1_000):
        limiter.take(f"k{i}", 1)
        limiter.take("a", 1)
        assert len(limiter) <= 10
    assert limiter.take("a", 1) > 0  # A key that goes on is not forgotten, and does not start anew.


def test_join_tokens_are_read_whole_or_not_at_all() -> None:
    import base64
    import hashlib

    body = b"d" * 32 + b"s" * 32 + b"lab/worker/*"
    text = "ILK1-" + base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:4] + body).rstrip(b"=").decode()
    token = parse_join_token(f" {text}\n")
    assert token and (token.trust_domain, token.name, token.ca_digest) == ("lab", "worker/*", b"d" * 32)
    for broken in (text[:-1], text[1:], text + "A", "ILK1-", "", text.replace("ILK1", "ILK2"), "ILK1-" + "A" * 3_000):
        assert parse_join_token(broken) is None, broken


def test_der_is_strict() -> None:
    for data in ("", "30", "3081", "308100", "30800000", "300200", "0500ff", "1f0100", "30" * 60):
        with pytest.raises(ValueError):
            read_der(bytes.fromhex(data))
    deep = b""
    for _ in range(30):
        deep = bytes([0x30, len(deep)]) + deep
    with pytest.raises(ValueError, match="nested"):
        read_der(deep)


def update(**fields: Any) -> Any:
    return message("interlock.authority.v1.WatchTrustResponse")(
        **{"trust_domain": "lab", "issuer": "i", "stale_after_seconds": 60, "jwks": '{"keys":[]}', **fields}
    )


def test_a_clock_that_is_set_makes_no_trust_stale(certificate: bytes) -> None:
    trust = Trust(apply_update(None, update(results_in=3, ca_certificates=[certificate])))
    steady = time.monotonic
    heard_at = trust.heard_at
    trust._clock = lambda: heard_at + 3_600  # The time of the machine, an hour ahead.
    assert not trust.is_stale()
    trust.touch()
    assert trust.heard_at == heard_at + 3_600
    trust._steady = lambda: steady() + 61
    assert trust.is_stale()


def test_updates_of_the_trust_are_checked(tmp_path: Path, certificate: bytes) -> None:
    first = apply_update(None, update(results_in=3, ca_certificates=[certificate]))
    revocation = message("interlock.authority.v1.Revocation")(pattern="arm/*")
    later = update(applies_to=3, results_in=4, ca_certificates=[certificate], revocations=[revocation])
    second = apply_update(first, later)
    assert second.revoked_patterns == ("arm/*",)
    lifted = update(applies_to=4, results_in=5, ca_certificates=[certificate], unrevoked=[revocation])
    assert apply_update(second, lifted).revoked_patterns == ()
    good = {"applies_to": 3, "results_in": 4, "ca_certificates": [certificate]}
    for fault in (
        {"applies_to": 2},
        {"trust_domain": "other"},
        {"issuer": ""},
        {"stale_after_seconds": 0},
        {"ca_certificates": []},
        {"ca_certificates": [b"\x30\x00"]},
        {"jwks": "null"},
        {"jwks": '{"keys":[{}]}'},
    ):
        with pytest.raises(ValueError):
            apply_update(first, update(**{**good, **fault}))
    # What is saved is what TypeScript reads, and comes back as it went; stale, until the authority has been heard.
    folder = TrustFolder(tmp_path)
    folder.save(Trust(second))
    saved = folder.load()
    assert saved and saved[0] == second
    assert state_from_json(state_to_json(second)) == second
    assert Trust(saved[0], heard_at=saved[1]).is_stale()
    (tmp_path / "trust.json").write_text("{}")
    with pytest.raises(ValueError, match="Move it away"):
        folder.load()


def test_manifests_without_a_decision_are_refused() -> None:
    policy = {"scopes": [], "anyBot": False, "risk": "low", "callers": []}
    method = {"name": "M", "path": "/s.S/M", "kind": "unary", "policy": policy}
    service = {"name": "s.S", "servedBy": [], "methods": [method]}
    for broken in ({"version": 2, "services": []}, {"version": 1, "services": [service]}):
        with pytest.raises(ValueError):
            read_manifest(broken)


def test_a_service_behind_a_gateway_is_called_there() -> None:
    policy = {"scopes": [], "anyBot": True, "risk": "low", "callers": []}
    method = {"name": "M", "path": "/s.S/M", "kind": "unary", "policy": policy}
    plain = {"name": "s.S", "servedBy": ["arm/*"], "methods": [method]}
    manifest = read_manifest({"version": 1, "services": [{**plain, "via": ["gateway/*"]}]})
    service = manifest.services["s.S"]
    assert service.expected_servers("coffee/1") == ("gateway/*",)
    assert service.expected_servers("gateway/1") == ("arm/*",)
    assert manifest.methods["/s.S/M"].via == ("gateway/*",)
    assert service.content["via"] == ["gateway/*"]
    direct = read_manifest({"version": 1, "services": [plain]}).services["s.S"]
    assert (direct.via, direct.expected_servers("coffee/1")) == ((), ("arm/*",))


def test_a_deprecation_is_read_without_what_is_malformed() -> None:
    now = [0.0]
    log = DeprecationLog(lambda: now[0])
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("interlock").addHandler(handler)
    try:
        for value in ("true", "@", "@x", "@-1", "@1234567890123", " @1"):
            log.hear("/s.S/M", [("deprecation", value)])
        assert lines == []
        assert [log.is_due("/s.S/M"), log.is_due("/s.S/M")] == [True, False]
        now[0] = LOOK_SECONDS
        assert log.is_due("/s.S/M")
        odd = [("deprecation", "@999999999999"), ("sunset", "soon\n"), ("link", '</a\n.B/C>; rel="successor-version"')]
        log.hear("/s.S/M", odd)
        now[0] += LOG_SECONDS - 1
        assert not log.is_due("/s.S/M")
        now[0] += 1
        assert log.is_due("/s.S/M")
        log.hear("/s.S/M", deprecation_metadata({}))
        unknown = "s.S/M, which this bot calls, is deprecated since a day that is not known, and refused from "
        assert lines == [unknown + "a day that is not decided"] * 2
        for i in range(MAXIMUM_METHODS):
            log.is_due(f"/s.S/{i}")
        assert [log.is_due(f"/s.S/{i}") for i in (0, MAXIMUM_METHODS)] == [False, False]
    finally:
        logging.getLogger("interlock").removeHandler(handler)


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(interlock.InterlockError, match="no bot name"):
        interlock.join("localhost:1", "../x")
    with pytest.raises(interlock.InterlockError, match="pass it as authority"):
        interlock.join(name="arm/1", state_dir=tmp_path)
    with pytest.raises(interlock.InterlockError, match="joined by commas"):
        interlock.join("a:1,,b:2", "arm/1", state_dir=tmp_path)


@pytest.fixture
def certificate() -> bytes:
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime(2030, 1, 1)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
