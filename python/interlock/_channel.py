"""A grpc.Channel to one bot, which attaches tokens and keeps itself current."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import grpc

from ._errors import InterlockError
from ._health import METHOD as HEALTH
from ._link import Connector, Link, TokenNeed
from ._member import Member

_KEEP_SECONDS = 1.0


class BotChannel(grpc.Channel):  # type: ignore[misc]
    """A channel for the stubs that protoc generates. Each method's token is attached by itself."""

    def __init__(self, member: Member, address: str, servers: tuple[str, ...]) -> None:
        self.connector = Connector(member, address, servers)
        self._closed = False
        self._unsubscribe = member.trust.on_change(self._drop_revoked)
        self._streams: dict[Any, tuple[Link, TokenNeed]] = {}
        self._streams_lock = threading.Lock()
        self._keeping = False

    def unary_unary(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Any:
        return _Call(self, "unary_unary", method, request_serializer, response_deserializer)

    def unary_stream(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Any:
        return _Call(self, "unary_stream", method, request_serializer, response_deserializer)

    def stream_unary(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Any:
        return _Call(self, "stream_unary", method, request_serializer, response_deserializer)

    def stream_stream(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Any:
        return _Call(self, "stream_stream", method, request_serializer, response_deserializer)

    def subscribe(self, callback: Callable[[Any], None], try_to_connect: bool = False) -> None:
        raise NotImplementedError("a bot's channel connects when it is used")

    def unsubscribe(self, callback: Callable[[Any], None]) -> None:
        raise NotImplementedError("a bot's channel connects when it is used")

    def close(self) -> None:
        """Ends every call, and the connection."""
        self._closed = True
        self._unsubscribe()
        link = self.connector.drop()
        if link:
            link.channel.close()

    def __enter__(self) -> BotChannel:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def link(self) -> Link:
        """The connection for the next call."""
        if self._closed:
            raise ValueError("the channel is closed")
        return self.connector.usable() or self.connector.connect(
            self._open, lambda link: link.channel.subscribe(link.follow)
        )

    def keep(self, call: Any, link: Link, method: str) -> None:
        """Shows the next token on the connection while a stream is open: servers end a stream whose token expires."""
        need = self.connector.kept_need(method)
        if need is None:
            return
        with self._streams_lock:
            self._streams[call] = (link, need)
            start, self._keeping = not self._keeping, True
        if not call.add_callback(lambda: self._streams.pop(call, None)):
            self._streams.pop(call, None)
        if start:
            threading.Thread(target=self._keep, name="interlock-keep", daemon=True).start()

    def _keep(self) -> None:
        shown: dict[tuple[int, TokenNeed], str] = {}
        while True:
            with self._streams_lock:
                streams = list(self._streams.values())
                if not streams or self._closed:
                    self._keeping = False
                    return
            for link, need in streams:
                with contextlib.suppress(grpc.RpcError, InterlockError, ValueError):  # The next second tries again.
                    token = self.connector.next_token(link, need)
                    if token and shown.setdefault((id(link), need), token) != token:
                        link.channel.unary_unary(HEALTH.path)(b"", metadata=[("authorization", token)], timeout=10)
                        shown[id(link), need] = token
            time.sleep(_KEEP_SECONDS)

    def _open(self, credentials: grpc.ChannelCredentials, options: list[tuple[str, Any]]) -> Any:
        return grpc.secure_channel(self.connector.address, credentials, options)

    def _drop_revoked(self) -> None:
        link = self.connector.revoked()
        if link:
            self.connector.drop()
            threading.Thread(target=link.channel.close, daemon=True).start()


class _Call:
    """One method of a channel, in the form of grpcio's multi-callables."""

    def __init__(self, channel: BotChannel, kind: str, method: str, serializer: Any, deserializer: Any) -> None:
        self._channel = channel
        self._kind = kind
        self._method = method
        self._codecs = (serializer, deserializer)

    def __call__(self, request: Any, timeout: float | None = None, metadata: Any = None, **options: Any) -> Any:
        if self._kind.endswith("_unary"):
            return self.with_call(request, timeout, metadata, **options)[0]
        inner, link, shown = self._prepare(metadata)
        call = inner(request, timeout=timeout, metadata=shown, **_supported(options))
        self._channel.keep(call, link, self._method)
        self._hear_at_end(call)
        return call

    def with_call(self, request: Any, timeout: float | None = None, metadata: Any = None, **options: Any) -> Any:
        inner, _, shown = self._prepare(metadata)
        try:
            answer, call = inner.with_call(request, timeout=timeout, metadata=shown, **_supported(options))
        except grpc.RpcError as error:
            self._channel.connector.settled(self._method, error.code())
            raise
        self._hear(call)
        return answer, call

    def future(self, request: Any, timeout: float | None = None, metadata: Any = None, **options: Any) -> Any:
        inner, _, shown = self._prepare(metadata)
        call = inner.future(request, timeout=timeout, metadata=shown, **_supported(options))
        self._hear_at_end(call)
        return call

    def _hear(self, call: Any) -> None:
        """Looks at what the server says of the method's deprecation."""
        deprecations = self._channel.connector.member.deprecations
        if deprecations.is_due(self._method):
            deprecations.hear(self._method, call.initial_metadata())

    def _hear_at_end(self, call: Any) -> None:
        # Before its end, gRPC would wait for the metadata.
        if not call.add_callback(lambda: self._hear(call)):
            self._hear(call)

    def _prepare(self, metadata: Any) -> tuple[Any, Link, list[tuple[str, Any]]]:
        link = self._channel.link()
        serializer, deserializer = self._codecs
        key = (self._kind, self._method, id(serializer), id(deserializer))
        inner = link.calls.get(key)
        if inner is None:
            inner = getattr(link.channel, self._kind)(
                self._method, request_serializer=serializer, response_deserializer=deserializer
            )
            link.calls[key] = inner
        return inner, link, self._channel.connector.metadata(self._method, link, metadata)


def _supported(options: dict[str, Any]) -> dict[str, Any]:
    unknown: Iterable[str] = set(options) - {"wait_for_ready", "compression"}
    if any(options[name] is not None for name in unknown):
        raise ValueError(f"a bot's channel does not take {', '.join(sorted(unknown))}")
    return {name: value for name, value in options.items() if name not in unknown}
