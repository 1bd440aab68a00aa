"""Python bots in a live fleet of TypeScript: calls both ways, and everything that ends them."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import shutil
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from conftest import GRANTS
from fleet import MANIFEST, Fleet

import interlock


def wait_for(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Waits until a condition holds, and gives its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """The code and the reason with which a call fails."""
    with pytest.raises((grpc.RpcError, interlock.InterlockError)) as caught:
        call()
    error = interlock.InterlockError.of(caught.value)
    return error.code.name, error.reason


class Clock:
    """The machine's time, and what a test puts before it."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def read(bot: interlock.Bot, address: str, **options: Any) -> float:
    from lab.thermometer.v1 import thermometer_pb2, thermometer_pb2_grpc

    with bot.channel(address, **options) as channel:
        answer = thermometer_pb2_grpc.ThermometerServiceStub(channel).Read(thermometer_pb2.ReadRequest(), timeout=10)
    return float(answer.celsius)


def thermometer_servicer() -> Callable[[Any], None]:
    from lab.thermometer.v1 import thermometer_pb2, thermometer_pb2_grpc

    class Thermometer(thermometer_pb2_grpc.ThermometerServiceServicer):  # type: ignore[misc]
        def Read(self, request: Any, context: Any) -> Any:
            return thermometer_pb2.ReadResponse(celsius=len(interlock.caller().name))

        def Watch(self, request: Any, context: Any) -> Any:
            yield thermometer_pb2.WatchResponse(celsius=1)
            threading.Event().wait(60)  # Says nothing more by itself.

        def Calibrate(self, request: Any, context: Any) -> Any:
            return thermometer_pb2.CalibrateResponse()

    return lambda server: thermometer_pb2_grpc.add_ThermometerServiceServicer_to_server(Thermometer(), server)


def vision_servicer() -> Callable[[Any], None]:
    from lab.vision.v1 import vision_pb2, vision_pb2_grpc

    class Vision(vision_pb2_grpc.VisionServiceServicer):  # type: ignore[misc]
        def Look(self, request: Any, context: Any) -> Any:
            return vision_pb2.LookResponse(things=[interlock.caller().name])

        def Follow(self, request: Any, context: Any) -> Any:
            yield vision_pb2.FollowResponse(position=0)
            threading.Event().wait(60)

        def Turn(self, request: Any, context: Any) -> Any:
            raise AssertionError("the camera turns")

    return lambda server: vision_pb2_grpc.add_VisionServiceServicer_to_server(Vision(), server)


def aio_vision_servicer() -> Callable[[Any], None]:
    from lab.vision.v1 import vision_pb2, vision_pb2_grpc

    class Vision(vision_pb2_grpc.VisionServiceServicer):  # type: ignore[misc]
        async def Look(self, request: Any, context: Any) -> Any:
            return vision_pb2.LookResponse(things=[interlock.caller().name])

        async def Follow(self, request: Any, context: Any) -> Any:
            yield vision_pb2.FollowResponse(position=0)
            await asyncio.sleep(60)

        async def Turn(self, request: Any, context: Any) -> Any:
            raise AssertionError("the camera turns")

    return lambda server: vision_pb2_grpc.add_VisionServiceServicer_to_server(Vision(), server)


def test_python_calls_typescript(fleet: Fleet) -> None:
    from lab.thermometer.v1 import thermometer_pb2, thermometer_pb2_grpc

    bot = fleet.bot("python/1")
    child, address = fleet.thermometer("thermometer/1")
    with bot.channel(address, server="thermometer/*") as channel:
        stub = thermometer_pb2_grpc.ThermometerServiceStub(channel)
        assert stub.Read(thermometer_pb2.ReadRequest(), timeout=10).celsius == 21.5
        assert child.next("handled")["handled"] == "read"
        measured = stub.Watch(thermometer_pb2.WatchRequest(count=3), timeout=10)
        assert [round(one.celsius, 1) for one in measured] == [21.5, 21.6, 21.7]
        assert stub.Read.future(thermometer_pb2.ReadRequest(), timeout=10).result().celsius == 21.5
    # The server refuses, and says why.
    with bot.channel(address) as channel:
        stub = thermometer_pb2_grpc.ThermometerServiceStub(channel)
        shown = [("authorization", "Bearer x")]
        assert refusal(lambda: stub.Read(thermometer_pb2.ReadRequest(), metadata=shown)) == (
            "UNAUTHENTICATED",
            "TOKEN_MALFORMED",
        )
    assert child.next("denied")["denied"] == "TOKEN_MALFORMED"
    # The client refuses a server that is another bot than the one meant, before it sends anything.
    assert refusal(lambda: read(bot, address, server="thermometer/2")) == ("UNAVAILABLE", "SERVER_IDENTITY_MISMATCH")
    assert refusal(lambda: read(bot, "127.0.0.1:1")) == ("UNAVAILABLE", "SERVER_UNREACHABLE")


def test_reports_what_it_serves_and_who_called(fleet: Fleet) -> None:
    bot = fleet.bot("python/8", state_dir=fleet.state_dir("python/8"))
    server = bot.serve(vision_servicer())
    child, _ = fleet.thermometer("thermometer/8")
    child.ask(f"{server.address} look")
    child.next("answer")

    def process() -> Any:
        listed = fleet.command("bots", "list")["bots"]
        instances = next(one for one in listed if one["spiffeId"] == bot.spiffe_id.uri)["instances"]
        return instances[0] if instances else {}

    wait_for(lambda: process().get("manifestHash"))
    assert process()["online"] and process()["services"] == ["lab.vision.v1.VisionService"]
    bot.close()  # It reports what it has counted.
    usage = fleet.command("usage", "--bot", "python/8", "--service", "VisionService", "--days")["days"]
    caller = "spiffe://lab/thermometer/8"
    assert [(row["method"], row["caller"], row["count"]) for row in usage] == [
        ("lab.vision.v1.VisionService/Look", caller, 1)
    ]
    assert process()["stoppedAt"]


def test_typescript_calls_python(fleet: Fleet) -> None:
    bot = fleet.bot("python/2")
    denials: list[str] = []
    bot.on_denial(lambda denial: denials.append(denial.reason))
    server = bot.serve(vision_servicer())
    child, _ = fleet.thermometer("thermometer/2")
    child.ask(f"{server.address} look")
    assert child.next("answer")["answer"] == {"things": ["thermometer/2"]}
    child.ask(f"{server.address} turn")
    assert child.next("error")["reason"] == "SCOPE_MISSING"
    assert denials == ["SCOPE_MISSING"]
    server.stop()


def test_a_deprecated_method_says_so(fleet: Fleet) -> None:
    from lab.vision.v1 import vision_pb2, vision_pb2_grpc

    manifest = json.loads(Path(MANIFEST).read_text())
    for service in manifest["services"]:
        for method in service["methods"]:
            if method["name"] in ("Look", "Follow"):
                method["policy"]["deprecation"] = {
                    "since": "2026-01-01",
                    "sunset": "2127-01-01",
                    "replacement": "lab.vision.v2.VisionService/See",
                }
    expected = [
        ("deprecation", "@1767225600"),
        ("sunset", "Wed, 01 Jan 2127 00:00:00 GMT"),
        ("link", '</lab.vision.v2.VisionService/See>; rel="successor-version"'),
    ]
    server = fleet.bot("python/5", manifest=manifest)
    caller = fleet.bot("thermometer/5")
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("interlock").addHandler(handler)
    told = (
        "lab.vision.v1.VisionService/%s, which this bot calls, is deprecated since 2026-01-01, "
        "and refused from 2127-01-01, call lab.vision.v2.VisionService/See"
    )

    async def call_later() -> None:
        later = await server.aio_serve(aio_vision_servicer())
        async with caller.aio_channel(later.address) as channel:
            stream = vision_pb2_grpc.VisionServiceStub(channel).Follow(vision_pb2.FollowRequest(), timeout=30)
            await stream.__anext__()
            await stream.aclose()
        await later.stop()

    try:
        running = server.serve(vision_servicer())
        with caller.channel(running.address) as channel:
            stub = vision_pb2_grpc.VisionServiceStub(channel)
            for _ in range(2):
                _, call = stub.Look.with_call(vision_pb2.LookRequest(), timeout=10)
                assert [(key, value) for key, value in call.initial_metadata() if key in dict(expected)] == expected
        running.stop()
        assert lines == [told % "Look"]
        asyncio.run(call_later())
        assert lines == [told % "Look", told % "Follow"]
    finally:
        logging.getLogger("interlock").removeHandler(handler)


def test_a_server_without_policies_does_not_start(fleet: Fleet) -> None:
    fleet.bot("python/2")
    bot = fleet.bot("python/2", state_dir=fleet.state_dir("python/2"), manifest=None)
    with bot, pytest.raises(interlock.InterlockError, match="no policies in the manifest"):
        bot.serve(vision_servicer())


@pytest.mark.parametrize("kind", ["pattern", "name", "certificate"])
def test_a_revocation_ends_streams_and_further_calls(fleet: Fleet, kind: str) -> None:
    name = f"thermometer/r{kind[0]}/1"
    fleet.grants(GRANTS.replace('"thermometer/*"', '"thermometer/**"'))
    bot = fleet.bot("python/2")
    server = bot.serve(vision_servicer())
    # A caller in Python: its connection and its streams are ended by a server in Python.
    caller = fleet.bot(name)
    from lab.vision.v1 import vision_pb2, vision_pb2_grpc

    serial = caller._member.identity().certificate.serial
    stub = vision_pb2_grpc.VisionServiceStub(caller.channel(server.address))
    assert list(stub.Look(vision_pb2.LookRequest()).things) == [name]
    stream = stub.Follow(vision_pb2.FollowRequest(), timeout=30)
    next(stream)
    what = {"pattern": [f"thermometer/r{kind[0]}/*"], "name": [name], "certificate": ["--certificate", serial]}[kind]
    fleet.command("revoke", *what)
    reason = "CERTIFICATE_REVOKED" if kind == "certificate" else "IDENTITY_REVOKED"
    assert refusal(lambda: next(stream)) == ("UNAUTHENTICATED", reason)
    assert refusal(lambda: stub.Look(vision_pb2.LookRequest())) == ("UNAUTHENTICATED", reason)
    server.stop()


def test_a_revoked_server_is_not_called(fleet: Fleet) -> None:
    bot = fleet.bot("python/1")
    _, address = fleet.thermometer("thermometer/7")
    from lab.thermometer.v1 import thermometer_pb2, thermometer_pb2_grpc

    stub = thermometer_pb2_grpc.ThermometerServiceStub(bot.channel(address))
    stream = stub.Watch(thermometer_pb2.WatchRequest(count=1_000_000))
    next(stream)
    fleet.command("revoke", "thermometer/7")
    with pytest.raises(grpc.RpcError):
        for _ in stream:
            pass
    assert refusal(lambda: stub.Read(thermometer_pb2.ReadRequest()))[1] == "IDENTITY_REVOKED"


def test_a_revoked_token_is_refused(fleet: Fleet) -> None:
    from lab.vision.v1 import vision_pb2, vision_pb2_grpc

    bot, caller = fleet.bot("python/2"), fleet.bot("python/1")
    server = bot.serve(vision_servicer())
    channel = caller.channel(server.address)
    stub = vision_pb2_grpc.VisionServiceStub(channel)
    stub.Look(vision_pb2.LookRequest())
    service = "lab.vision.v1.VisionService"
    identity = caller._member.identity()
    shown = caller._member.tokens.authorization(service, ("vision:look", "vision:turn"), identity)
    jti = json.loads(base64.urlsafe_b64decode(shown.split(".")[1] + "=="))["jti"]
    fleet.command("revoke", "--token", jti)
    wait_for(lambda: ("token", jti) in bot.trust.state.revocations)
    metadata = [("authorization", shown)]
    assert refusal(lambda: stub.Look(vision_pb2.LookRequest(), metadata=metadata)) == (
        "UNAUTHENTICATED",
        "TOKEN_REVOKED",
    )
    server.stop()


def test_a_withdrawn_grant_ends_streams_and_tokens(fleet: Fleet) -> None:
    from lab.vision.v1 import vision_pb2, vision_pb2_grpc

    bot, caller = fleet.bot("python/2"), fleet.bot("python/1")
    server = bot.serve(vision_servicer())
    stub = vision_pb2_grpc.VisionServiceStub(caller.channel(server.address))
    stream = stub.Follow(vision_pb2.FollowRequest(), timeout=30)
    next(stream)
    fleet.grants(GRANTS.replace('    lab.vision.v1.VisionService: [vision:look]\n  "therm', '  "therm'))
    assert refusal(lambda: next(stream)) == ("UNAUTHENTICATED", "TOKEN_OUTDATED")
    assert refusal(lambda: stub.Look(vision_pb2.LookRequest())) == ("PERMISSION_DENIED", "NO_GRANT")
    fleet.grants(GRANTS)
    server.stop()


def test_stale_trust_refuses_high_risk_alone(fleet: Fleet) -> None:
    from lab.thermometer.v1 import thermometer_pb2, thermometer_pb2_grpc

    clock = Clock()
    bot, caller = fleet.bot("thermometer/9", clock=clock), fleet.bot("python/1")
    server = bot.serve(thermometer_servicer())
    stub = thermometer_pb2_grpc.ThermometerServiceStub(caller.channel(server.address))
    wait_for(lambda: not bot.trust.is_stale())
    stub.Calibrate(thermometer_pb2.CalibrateRequest())
    fleet.up.pause()
    try:
        # A sign of life that was still on its way is heard at the later time, so time passes again until none comes.
        def refused() -> bool:
            clock.ahead += bot.trust.state.stale_after + 5
            try:
                stub.Calibrate(thermometer_pb2.CalibrateRequest())
            except (grpc.RpcError, interlock.InterlockError):
                return True
            return False

        assert any(refused() for _ in range(3))
        assert refusal(lambda: stub.Calibrate(thermometer_pb2.CalibrateRequest())) == ("UNAVAILABLE", "TRUST_STALE")
        assert stub.Read(thermometer_pb2.ReadRequest()).celsius > 0
    finally:
        fleet.up.resume()
    wait_for(lambda: not bot.trust.is_stale(), 40)
    stub.Calibrate(thermometer_pb2.CalibrateRequest())
    server.stop()


def test_asyncio_both_ways(fleet: Fleet) -> None:
    from lab.thermometer.v1 import thermometer_pb2, thermometer_pb2_grpc
    from lab.vision.v1 import vision_pb2, vision_pb2_grpc

    bot = fleet.bot("python/3")
    child, address = fleet.thermometer("thermometer/3")
    other = fleet.bot("thermometer/4")

    async def run() -> None:
        async with bot.aio_channel(address) as channel:
            stub = thermometer_pb2_grpc.ThermometerServiceStub(channel)
            assert (await stub.Read(thermometer_pb2.ReadRequest(), timeout=10)).celsius == 21.5
            measured = [round(one.celsius, 1) async for one in stub.Watch(thermometer_pb2.WatchRequest(count=2))]
            assert measured == [21.5, 21.6]
            with pytest.raises(grpc.RpcError) as caught:
                await stub.Read(thermometer_pb2.ReadRequest(), metadata=[("authorization", "Basic x")])
            assert interlock.reason_of(caught.value) == "TOKEN_NOT_BEARER"
        async with bot.aio_channel(address, server="thermometer/2") as channel:
            with pytest.raises(interlock.InterlockError, match="not the bot that was meant"):
                await thermometer_pb2_grpc.ThermometerServiceStub(channel).Read(thermometer_pb2.ReadRequest())
        server = await bot.aio_serve(aio_vision_servicer())
        loop = asyncio.get_running_loop()
        child.ask(f"{server.address} look")
        assert (await loop.run_in_executor(None, child.next, "answer"))["answer"] == {"things": ["thermometer/3"]}
        child.ask(f"{server.address} turn")
        assert (await loop.run_in_executor(None, child.next, "error"))["reason"] == "SCOPE_MISSING"
        async with other.aio_channel(server.address) as channel:
            stub = vision_pb2_grpc.VisionServiceStub(channel)
            stream = stub.Follow(vision_pb2.FollowRequest(), timeout=30)
            await stream.__anext__()
            await loop.run_in_executor(None, lambda: fleet.command("revoke", "thermometer/4"))
            with pytest.raises(grpc.RpcError) as caught:
                await stream.__anext__()
            assert interlock.reason_of(caught.value) == "IDENTITY_REVOKED"
        await server.stop()

    asyncio.run(run())


def test_a_folder_is_shared_with_typescript(fleet: Fleet) -> None:
    fleet.bot("python/4")
    folder = fleet.state_dir("python/4")
    for file in ("identity.pem", "trust.json", "ca.pem", "profile.json"):
        assert stat.S_IMODE((folder / file).stat().st_mode) == 0o600, file
    # `interlock token` is TypeScript, and uses the identity in the folder.
    service = "lab.thermometer.v1.ThermometerService"
    asked = fleet.command("token", service, "--scope", "thermometer:read", "--name", "python/4")
    assert asked["token"].count(".") == 2
    # And a folder that TypeScript has joined is used by Python.
    fleet.command("join", "--authority", fleet.authority, "--name", "python/5", "--token", fleet.invite("python/5"))
    joined = interlock.join(name="python/5", manifest=MANIFEST, state_dir=fleet.state_dir("python/5"))
    assert joined.spiffe_id.name == "python/5"
    wait_for(lambda: not joined.trust.is_stale())
    joined.close()


def test_a_certificate_is_renewed_while_calls_go_on(fleet: Fleet) -> None:
    from lab.vision.v1 import vision_pb2, vision_pb2_grpc

    clock = Clock()
    bot, caller = fleet.bot("python/6", clock=clock), fleet.bot("thermometer/5")
    server = bot.serve(vision_servicer())
    stub = vision_pb2_grpc.VisionServiceStub(caller.channel(server.address))
    stub.Look(vision_pb2.LookRequest())
    before = bot._member.identity()
    clock.ahead = 3_600 * 0.6 + 60
    assert bot._membership
    bot._membership._hurry.set()
    wait_for(lambda: bot._member.identity() is not before)
    clock.ahead = 0
    assert bot._member.identity().private_key != before.private_key
    assert bot._member.identity().pem == (fleet.state_dir("python/6") / "identity.pem").read_text()
    stub.Look(vision_pb2.LookRequest())
    # A new connection gets the new certificate, and a client that knew the old one finds that out by itself.
    other = vision_pb2_grpc.VisionServiceStub(caller.channel(server.address))
    other.Look(vision_pb2.LookRequest())
    port = server.port
    server.stop()
    server = bot.serve(vision_servicer(), port=port)
    wait_for(lambda: _answers(stub, vision_pb2))
    server.stop()


def _answers(stub: Any, messages: Any) -> bool:
    try:
        stub.Look(messages.LookRequest(), timeout=5)
        return True
    except (grpc.RpcError, interlock.InterlockError):
        return False


def test_a_copy_of_an_older_generation_is_detected(fleet: Fleet, tmp_path: Path) -> None:
    bot = fleet.bot("python/7")
    copy = tmp_path / "copy"
    shutil.copytree(fleet.state_dir("python/7"), copy)
    assert bot._membership
    renewed = bot._membership._renew()
    bot._membership._identity = renewed
    from interlock._messages import message

    bot._membership._call("Confirm", message("interlock.authority.v1.ConfirmRequest")())
    clone = interlock.join(fleet.authority, "python/7", manifest=MANIFEST, state_dir=copy)
    assert clone._membership
    assert refusal(clone._membership._renew) == ("PERMISSION_DENIED", "CLONE_DETECTED")
    clone.close()


def test_joins_are_refused_with_a_remedy(fleet: Fleet, tmp_path: Path) -> None:
    token = fleet.invite("python/8")

    def join(name: str, given: str | None, folder: str, authority: str = fleet.authority) -> Callable[[], Any]:
        return lambda: interlock.join(authority, name, given, state_dir=tmp_path / folder)

    assert refusal(join("python/9", token, "a")) == ("UNAUTHENTICATED", "JOIN_TOKEN_NAME_MISMATCH")
    assert refusal(join("python/8", token[:-3], "a")) == ("UNAUTHENTICATED", "JOIN_TOKEN_INVALID")
    assert refusal(join("python/8", token, "a", "127.0.0.1:1")) == ("UNAVAILABLE", "AUTHORITY_UNREACHABLE")
    # Another bot of the same fleet answers at the address: it must not get the token.
    _, other = fleet.thermometer("thermometer/6")
    assert refusal(join("python/8", token, "a", other))[1] in ("CA_PIN_MISMATCH", "SERVER_IDENTITY_MISMATCH")
    with pytest.raises(interlock.InterlockError, match="interlock invite python/8"):
        join("python/8", None, "a")()
    join("python/8", token, "a")().close()
    assert refusal(join("python/8", token, "b")) == ("UNAUTHENTICATED", "JOIN_TOKEN_USED")
