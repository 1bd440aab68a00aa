"""The bot: what a program uses."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from ._aio_channel import AioBotChannel
from ._aio_server import AioGate
from ._chain import CALLER_RATE, Chain, Denial
from ._channel import BotChannel
from ._errors import InterlockError
from ._files import certificates_to_pem
from ._health import METHOD as HEALTH
from ._health import health_handler
from ._manifest import Manifest, ManifestSource, Rate, read_manifest
from ._member import Member
from ._membership import LOG, Membership
from ._names import SpiffeId, is_bot_name, matches_identity
from ._open_calls import OpenCalls
from ._server import Gate
from ._trust import Trust

#: Adds a servicer to a server, for example `lambda server: add_GripperServiceServicer_to_server(Gripper(), server)`.
AddServicer = Callable[[Any], None]

_OPTIONS = [
    ("grpc.so_reuseport", 0),
    ("grpc.max_connection_idle_ms", 3_600_000),
    # A bot rarely sends more metadata than a token.
    ("grpc.max_metadata_size", 16_384),
]


class Bot:
    """A bot of a fleet. Certificate, tokens and trust keep themselves current in threads of their own."""

    def __init__(self, member: Member, membership: Membership | None = None) -> None:
        self._member = member
        self._membership = membership
        self._listeners: list[Callable[[Denial], None]] = []
        self._endings: list[Callable[[], None]] = []

    @property
    def spiffe_id(self) -> SpiffeId:
        """The identity of this bot."""
        return self._member.identity().spiffe_id

    @property
    def trust(self) -> Trust:
        """What this bot trusts now."""
        return self._member.trust

    def on_denial(self, listener: Callable[[Denial], None]) -> None:
        """Calls `listener` for each call that this bot refuses, from the thread that refused it."""
        self._listeners.append(listener)

    def channel(self, address: str, server: str | Sequence[str] | None = None) -> BotChannel:
        """A channel to the bot at `host:port`, for the stubs that protoc generates.

        The server must be one that the manifest lets serve the method that is called. With `server`, a name or an
        identity pattern (or several), it must match that, too.
        """
        return BotChannel(self._member, address, _patterns(server))

    def aio_channel(self, address: str, server: str | Sequence[str] | None = None) -> AioBotChannel:
        """The same for asyncio. Call it while the event loop runs."""
        return AioBotChannel(self._member, address, _patterns(server))

    def serve(
        self,
        *services: AddServicer,
        host: str = "127.0.0.1",
        port: int = 0,
        workers: int = 16,
        caller_rate: Rate = CALLER_RATE,
    ) -> Server:
        """Serves services of the manifest, each method behind its policy. Default: a free port on loopback."""
        chain, calls = self._chain(caller_rate)
        gate = Gate(chain, calls, self._methods)
        server = grpc.server(ThreadPoolExecutor(workers, "interlock-server"), interceptors=[gate], options=_OPTIONS)
        names = self._add(server, services, is_async=False)
        bound = self._bind(server, host, port, calls)
        server.start()
        return self._serving(Server(server, f"{host}:{bound}", bound), names, calls)

    async def aio_serve(
        self, *services: AddServicer, host: str = "127.0.0.1", port: int = 0, caller_rate: Rate = CALLER_RATE
    ) -> AioServer:
        """The same for asyncio: handlers are `async`."""
        chain, calls = self._chain(caller_rate)
        server = grpc.aio.server(interceptors=[AioGate(chain, calls, self._methods)], options=_OPTIONS)
        names = self._add(server, services, is_async=True)
        bound = self._bind(server, host, port, calls)
        await server.start()
        served = AioServer(server, f"{host}:{bound}", bound)
        served._ended = self._announce(names, served.address, calls)
        return served

    def close(self) -> None:
        """Ends the servers of `serve`, and leaves the fleet's feed."""
        for end in reversed(self._endings):
            end()
        self._endings.clear()
        if self._membership:
            self._membership.close()

    def __enter__(self) -> Bot:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    @property
    def _methods(self) -> dict[str, Any]:
        return {**self._member.manifest.methods, HEALTH.path: HEALTH}

    def _chain(self, caller_rate: Rate) -> tuple[Chain, OpenCalls]:
        chain = Chain(self._member.trust, self._member.clock, self._record, caller_rate)
        return chain, OpenCalls(chain, self._member.trust)

    def _record(self, path: str, caller: SpiffeId | None, actors: tuple[SpiffeId, ...], refused: Denial | None) -> None:
        if self._membership:
            uris = [actor.uri for actor in actors]
            self._membership.usage.count(path, caller.uri if caller else "", uris, refused.reason if refused else "")
        if refused:
            for listener in self._listeners:
                listener(refused)

    def _add(self, server: Any, services: Sequence[AddServicer], is_async: bool) -> set[str]:
        registry = _Registry(server)
        for add in services:
            add(registry)
        manifest = self._member.manifest
        unknown = sorted(registry.names - set(manifest.services))
        if unknown:
            raise InterlockError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"{', '.join(unknown)} has no policies in the manifest: pass the one of `interlock generate`.",
            )
        for name in registry.names:
            served_by = manifest.services[name].served_by
            if served_by and not any(matches_identity(pattern, self.spiffe_id.name) for pattern in served_by):
                LOG.warning("clients will refuse %s: %s is served by %s", self.spiffe_id.name, name, served_by)
        server.add_generic_rpc_handlers((health_handler(self.trust, lambda: registry.names, is_async),))
        return registry.names

    def _bind(self, server: Any, host: str, port: int, calls: OpenCalls) -> int:
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            bound = server.add_secure_port(address, self._server_credentials())
        except RuntimeError:
            bound = 0
        if not bound:
            calls.close()
            raise InterlockError(grpc.StatusCode.UNAVAILABLE, f"{address} cannot be bound: is the port taken?")
        return int(bound)

    def _server_credentials(self) -> Any:
        """Mutual TLS with the newest certificate and CAs at each handshake; no client without a certificate."""

        def current() -> Any:
            pem = self._member.identity().pem.encode()
            roots = certificates_to_pem(self._member.trust.state.ca_certificates).encode()
            return grpc.ssl_server_certificate_configuration([(pem, pem)], root_certificates=roots)

        return grpc.dynamic_ssl_server_credentials(current(), current, require_client_authentication=True)

    def _serving(self, server: Server, names: set[str], calls: OpenCalls) -> Server:
        server._ended = self._announce(names, server.address, calls)
        self._endings.append(server.stop)
        return server

    def _announce(self, names: set[str], address: str, calls: OpenCalls) -> Callable[[], None]:
        if self._membership:
            self._membership.serving(names, address)

        def ended() -> None:
            calls.close()
            if self._membership:
                self._membership.not_serving(names)

        return ended


class Server:
    """A running server of threads."""

    def __init__(self, server: Any, address: str, port: int) -> None:
        self._server = server
        #: `host:port`.
        self.address = address
        self.port = port
        self._ended: Callable[[], None] = lambda: None

    def wait(self) -> None:
        """Waits until the server is stopped."""
        self._server.wait_for_termination()

    def stop(self, grace: float | None = None) -> None:
        """Stops: at once, or when the calls have ended, after `grace` seconds at the latest."""
        self._server.stop(grace).wait()
        self._ended()


class AioServer:
    """A running server of asyncio."""

    def __init__(self, server: Any, address: str, port: int) -> None:
        self._server = server
        #: `host:port`.
        self.address = address
        self.port = port
        self._ended: Callable[[], None] = lambda: None

    async def wait(self) -> None:
        """Waits until the server is stopped."""
        await self._server.wait_for_termination()

    async def stop(self, grace: float | None = None) -> None:
        """Stops: at once, or when the calls have ended, after `grace` seconds at the latest."""
        await self._server.stop(grace)
        self._ended()


def join(
    authority: str | Sequence[str] | None = None,
    name: str | None = None,
    join_token: str | None = None,
    *,
    manifest: ManifestSource | None = None,
    state_dir: str | Path | None = None,
    clock: Callable[[], float] = time.time,
) -> Bot:
    """Makes this process a bot of a fleet, with the identity that was saved the last time, or with a new one.

    `authority` is `host:port`, or several; default: where this bot joined last. `join_token` is the line that
    `interlock invite` printed, needed only the first time. `manifest` is the `interlock.manifest.json` that
    `interlock generate` wrote. `state_dir` is the folder of identity and trust; default: `.interlock/bots/<name>`. It
    has the layout of every Interlock bot: processes of both languages may share it.

    Raises `InterlockError` that says what to do.

        bot = interlock.join("localhost:7443", "gripper/1", token, manifest="gen/interlock.manifest.json")
    """
    if name is None or not is_bot_name(name):
        raise InterlockError(grpc.StatusCode.INVALID_ARGUMENT, f'"{name or ""}" is no bot name, such as gripper/1.')
    folder = Path(state_dir) if state_dir is not None else Path(".interlock", "bots", *name.split("/"))
    addresses = _addresses(authority if authority is not None else _last_authority(folder, name))
    read = read_manifest(manifest) if manifest is not None else Manifest({}, {})
    membership = Membership(addresses, name, join_token, folder, read, clock)
    return Bot(membership.member, membership)


def _addresses(given: str | Sequence[str]) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    addresses = [address.strip() for text in texts for address in text.split(",")]
    if not addresses or "" in addresses:
        raise InterlockError(
            grpc.StatusCode.INVALID_ARGUMENT, "The authority is an address, host:port, or several joined by commas."
        )
    return addresses


def _last_authority(folder: Path, name: str) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((folder / "profile.json").read_text("utf-8"))["authority"])
    raise InterlockError(
        grpc.StatusCode.FAILED_PRECONDITION,
        f"The address of the authority of {name} is not known: pass it as authority (host:port).",
    )


def _patterns(server: str | Sequence[str] | None) -> tuple[str, ...]:
    if server is None:
        return ()
    return (server,) if isinstance(server, str) else tuple(server)


class _Registry:
    """What a generated `add_…_to_server` function needs of a server; it notes the services."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.names: set[str] = set()

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        for handler in handlers:
            name = getattr(handler, "service_name", None)
            if name is None:
                raise ValueError("serve services with names only: a handler for any method has no policy")
            self.names.add(name())
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        self.names.add(service)
        # Nothing more: they are the same as the generic ones, which the interceptor sees in every version of gRPC.
