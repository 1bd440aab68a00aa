"""A channel of asyncio to one bot, for the stubs that protoc generates."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from ._errors import InterlockError
from ._health import METHOD as HEALTH
from ._link import Connector, Link, TokenNeed
from ._member import Member

_KEEP_SECONDS = 1.0


class AioBotChannel:
    """What a generated stub needs of a channel. Unary answers are awaited, streams are iterated over.

    Unlike grpc.aio's own, a call is a coroutine or an asynchronous generator: cancel its task, or close it.
    """

    def __init__(self, member: Member, address: str, servers: tuple[str, ...]) -> None:
        self.connector = Connector(member, address, servers)
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._unsubscribe = member.trust.on_change(self._trust_changed)
        self._tasks: set[Any] = set()

    def unary_unary(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Any:
        return _Call(self, "unary_unary", method, request_serializer, response_deserializer).single

    def stream_unary(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Any:
        return _Call(self, "stream_unary", method, request_serializer, response_deserializer).single

    def unary_stream(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Any:
        return _Call(self, "unary_stream", method, request_serializer, response_deserializer).stream

    def stream_stream(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Any:
        return _Call(self, "stream_stream", method, request_serializer, response_deserializer).stream

    async def close(self) -> None:
        """Ends every call, and the connection."""
        self._closed = True
        self._unsubscribe()
        link = self.connector.drop()
        if link and isinstance(link.channel, grpc.aio.Channel):
            await link.channel.close()

    async def __aenter__(self) -> AioBotChannel:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def link(self) -> Link:
        """The connection for the next call."""
        if self._closed:
            raise ValueError("the channel is closed")
        self._note_state()
        link = self.connector.usable()
        if link is None:
            # gRPC makes its channel on the event loop: until then the link holds what it is made of.
            link = await self._loop.run_in_executor(None, self.connector.connect, lambda *parts: parts)
        if isinstance(link.channel, tuple):
            link.channel = grpc.aio.secure_channel(self.connector.address, link.channel[0], link.channel[1])
        return link

    async def metadata(self, method: str, link: Link, given: Any) -> list[tuple[str, Any]]:
        """The metadata of a call, with its token."""
        return await self._loop.run_in_executor(None, self.connector.metadata, method, link, given)

    async def keep(self, link: Link, need: TokenNeed) -> None:
        """Shows the next token on the connection while a stream is open."""
        shown: str | None = None
        while True:
            with contextlib.suppress(grpc.RpcError, InterlockError, ValueError):  # The next second tries again.
                token = await self._loop.run_in_executor(None, self.connector.next_token, link, need)
                if shown and token and token != shown:
                    await link.channel.unary_unary(HEALTH.path)(b"", metadata=[("authorization", token)], timeout=10)
                shown = token or shown
            await asyncio.sleep(_KEEP_SECONDS)

    def _trust_changed(self) -> None:
        with contextlib.suppress(RuntimeError):  # The event loop is closed.
            self._loop.call_soon_threadsafe(self._drop_revoked)

    def _note_state(self) -> None:
        link = self.connector.current
        if link and isinstance(link.channel, grpc.aio.Channel):
            link.follow(link.channel.get_state())

    def _drop_revoked(self) -> None:
        link = self.connector.revoked()
        if link:
            self.connector.drop()
            if isinstance(link.channel, grpc.aio.Channel):
                task = self._loop.create_task(link.channel.close())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)


class _Call:
    """One method of a channel."""

    def __init__(self, channel: AioBotChannel, kind: str, method: str, serializer: Any, deserializer: Any) -> None:
        self._channel = channel
        self._kind = kind
        self._method = method
        self._codecs = (serializer, deserializer)

    async def single(self, request: Any, timeout: float | None = None, metadata: Any = None, **_: Any) -> Any:
        inner, link = await self._prepare()
        shown = await self._channel.metadata(self._method, link, metadata)
        try:
            call = inner(request, timeout=timeout, metadata=shown)
            answer = await call
        except grpc.RpcError as error:
            self._channel.connector.settled(self._method, error.code())
            raise
        await self._hear(call)
        return answer

    async def stream(
        self, request: Any, timeout: float | None = None, metadata: Any = None, **_: Any
    ) -> AsyncIterator[Any]:
        inner, link = await self._prepare()
        shown = await self._channel.metadata(self._method, link, metadata)
        need = self._channel.connector.kept_need(self._method)
        keeping = asyncio.ensure_future(self._channel.keep(link, need)) if need else None
        call = inner(request, timeout=timeout, metadata=shown)
        try:
            async for answer in call:
                await self._hear(call)
                yield answer
        except grpc.RpcError as error:
            self._channel.connector.settled(self._method, error.code())
            raise
        finally:
            if keeping:
                keeping.cancel()
            call.cancel()

    async def _hear(self, call: Any) -> None:
        """Looks at what the server says of the method's deprecation."""
        deprecations = self._channel.connector.member.deprecations
        if deprecations.is_due(self._method):
            deprecations.hear(self._method, await call.initial_metadata())

    async def _prepare(self) -> tuple[Any, Link]:
        link = await self._channel.link()
        serializer, deserializer = self._codecs
        inner = getattr(link.channel, self._kind)(
            self._method, request_serializer=serializer, response_deserializer=deserializer
        )
        return inner, link
