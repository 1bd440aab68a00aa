"""The attack tables of the TypeScript side, replayed against a server in Python: the same answer, row by row."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

import interlock
from interlock._bot import Bot
from interlock._certificate import verify_peer
from interlock._files import certificates_from_pem, write_private_file
from interlock._identity import Identity
from interlock._manifest import read_manifest
from interlock._member import Member
from interlock._tokens import Tokens
from interlock._trust import Trust, state_from_json

FILE = Path(__file__).parent / "cases.json"
CASES: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {"cases": []}
ROWS = list(dict.fromkeys(case["row"] for case in CASES["cases"]))
SERVER_NAME = "echo--1.test.interlock.invalid"

if not ROWS:
    pytest.skip("tests/cases.json is missing: `npm run python` writes it", allow_module_level=True)


class Stage:
    """A server of the cases' service, with a trust and a clock that each case sets."""

    def __init__(self, folder: Path, sunset_in: float | None = None) -> None:
        self.ahead = 0.0
        self.handled = 0
        self.failure: Exception | None = None
        self.denials: list[interlock.Denial] = []
        self.trust = Trust(state_from_json(CASES["trust"]), self.now)
        key, chain = split(CASES["server"])
        identity = Identity(key, tuple(chain))
        file = folder / "identity.pem"
        write_private_file(file, CASES["server"])
        tokens = Tokens(lambda *_: ("", 0.0), self.now)
        manifest = read_manifest(CASES["manifest"])
        if sunset_in is not None:
            for path, method in manifest.methods.items():
                manifest.methods[path] = replace(method, sunset=self.now() + sunset_in, sunset_text="2026-01-01")
        self.bot = Bot(Member(lambda: identity, file, self.trust, tokens, manifest, self.now))
        self.bot.on_denial(self.denials.append)
        kinds = {"unary": "unary_unary", "serverStreaming": "unary_stream"}
        generic = tuple(
            grpc.method_handlers_generic_handler(
                service["name"],
                {
                    method["name"]: grpc.unary_unary_rpc_method_handler(self._handle)
                    for method in service["methods"]
                    if method["kind"] in kinds
                },
            )
            for service in CASES["manifest"]["services"]
        )
        self.server = self.bot.serve(lambda server: server.add_generic_rpc_handlers(generic))

    def now(self) -> float:
        return CASES["now"] / 1_000 + self.ahead

    def play(self, case: dict[str, Any]) -> int:
        """Sets the stage for a case, calls as it says, and gives the status of the last call."""
        self.denials.clear()
        self.handled = 0
        self.ahead = case.get("aheadMs", 0) / 1_000
        self.trust.replace(state_from_json({**CASES["trust"], **case.get("trust", {})}))
        if case.get("stale"):
            self.trust._heard = False
        mine = case["caller"].encode()
        roots = certificates(CASES["trust"]["caCertificates"])
        options = [("grpc.ssl_target_name_override", SERVER_NAME), ("grpc.use_local_subchannel_pool", 1)]
        metadata = [("authorization", case["authorization"])] if "authorization" in case else []
        code = 0
        with grpc.secure_channel(
            self.server.address, grpc.ssl_channel_credentials(roots, mine, mine), options
        ) as channel:
            call = channel.unary_unary(case["path"])
            for _ in range(case.get("times", 1)):
                try:
                    call(b"", metadata=metadata, timeout=10)
                    code = 0
                except grpc.RpcError as error:
                    code = error.code().value[0]
        return code

    def _handle(self, request: bytes, context: Any) -> bytes:
        self.handled += 1
        if self.failure:
            raise self.failure
        return b""


def split(pem: str) -> tuple[str, list[bytes]]:
    end = "-----END PRIVATE KEY-----\n"
    key, _, rest = pem.partition(end)
    return key + end, certificates_from_pem(rest)


def certificates(ders: list[str]) -> bytes:
    return "".join(f"-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n" for der in ders).encode()


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stage]]:
    """One server for each row: a row of bad tokens must not use up the allowance of the next."""
    made: dict[str, Stage] = {}

    class Lazy(dict[str, Stage]):
        def __missing__(self, row: str) -> Stage:
            made[row] = self[row] = Stage(tmp_path_factory.mktemp("stage"))
            return made[row]

    yield Lazy()
    for stage in made.values():
        stage.bot.close()


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: f"{case['row']}: {case['name']}")
def test_case(case: dict[str, Any], stages: dict[str, Stage]) -> None:
    if case["name"] == "the URI under the next tag" and grpc.__version__.startswith("1.51."):
        pytest.skip("gRPC 1.51 ends the process over an IP address of no known size; no authority issues one")
    stage = stages[case["row"]]
    code = stage.play(case)
    reasons = [denial.reason for denial in stage.denials]
    assert code == case["code"], reasons
    if code == 0:
        assert stage.handled == case.get("times", 1)
        return
    assert stage.handled == case.get("times", 1) - 1
    if "reason" not in case:
        return
    if "recorded" in case and not reasons:
        return  # TLS has refused it; `test_certificate` asks the same of the check alone.
    assert reasons[-1] in case.get("recorded", [case["reason"]])


CERTIFICATES = [case for case in CASES["cases"] if "recorded" in case]


@pytest.mark.parametrize("case", CERTIFICATES, ids=lambda case: f"{case['row']}: {case['name']}")
def test_certificate(case: dict[str, Any]) -> None:
    """What the check says of a certificate without TLS, as `check-certificate` of the TypeScript side says it."""
    state = state_from_json(CASES["trust"])
    _, chain = split(case["caller"])
    judged = verify_peer(chain, "client", state.trust_domain, CASES["now"] / 1_000, state.ca_certificates)
    if case["reason"] == "CERTIFICATE_UNTRUSTED" and not isinstance(judged, str):
        pytest.skip("left to TLS")
    assert judged == case["reason"]


def test_what_another_bot_answered_is_not_passed_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    control = next(case for case in CASES["cases"] if case["name"] == "a good call")
    stage.failure = interlock.InterlockError(grpc.StatusCode.PERMISSION_DENIED, "secret", "SCOPE_MISSING")
    assert stage.play(control) == grpc.StatusCode.INTERNAL.value[0]
    stage.failure = interlock.InterlockError(grpc.StatusCode.NOT_FOUND, "There is no such thing.")
    assert stage.play(control) == grpc.StatusCode.NOT_FOUND.value[0]
    stage.bot.close()


def test_a_stream_that_is_open_at_the_sunset_ends(tmp_path: Path) -> None:
    stage = Stage(tmp_path, sunset_in=2)
    control = next(case for case in CASES["cases"] if case["name"] == "a good call")
    release = threading.Event()

    def stream(request: bytes, context: Any) -> Iterator[bytes]:
        yield b""
        release.wait(30)

    handlers = {control["path"].rsplit("/", 1)[1]: grpc.unary_stream_rpc_method_handler(stream)}
    handler = grpc.method_handlers_generic_handler("test.EchoService", handlers)
    server = stage.bot.serve(lambda server: server.add_generic_rpc_handlers((handler,)))
    mine = control["caller"].encode()
    credentials = grpc.ssl_channel_credentials(certificates(CASES["trust"]["caCertificates"]), mine, mine)
    options = [("grpc.ssl_target_name_override", SERVER_NAME), ("grpc.use_local_subchannel_pool", 1)]
    try:
        with grpc.secure_channel(server.address, credentials, options) as channel:
            metadata = [("authorization", control["authorization"])]
            answers = channel.unary_stream(control["path"])(b"", metadata=metadata, timeout=10)
            next(answers)
            stage.ahead = 2
            with pytest.raises(grpc.RpcError) as caught:
                next(answers)
            assert interlock.reason_of(caught.value) == "METHOD_SUNSET"
            assert [denial.reason for denial in stage.denials] == ["METHOD_SUNSET"]
    finally:
        release.set()
        stage.bot.close()


def test_many_calls_at_once(tmp_path: Path) -> None:
    """The chain is thread-safe: a rate is exact under concurrent calls."""
    stage = Stage(tmp_path)
    control = next(case for case in CASES["cases"] if case["path"].endswith("/Rare") and case["code"] == 0)
    mine = control["caller"].encode()
    roots = certificates(CASES["trust"]["caCertificates"])
    credentials = grpc.ssl_channel_credentials(roots, mine, mine)
    with grpc.secure_channel(
        stage.server.address, credentials, [("grpc.ssl_target_name_override", SERVER_NAME)]
    ) as channel:
        call = channel.unary_unary(control["path"])

        def admitted(_: int) -> bool:
            try:
                call(b"", metadata=[("authorization", control["authorization"])], timeout=20)
                return True
            except grpc.RpcError as error:
                assert interlock.reason_of(error) == "RATE_LIMITED"
                return False

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(admitted, range(40))) == 2
    stage.bot.close()
