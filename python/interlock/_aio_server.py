"""The checks of a grpcio server of asyncio."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from ._chain import Admission, Chain
from ._context import CALLER
from ._errors import InterlockError, hidden, trailing_metadata
from ._manifest import Method
from ._open_calls import OpenCalls
from ._server import KINDS

LOG = logging.getLogger("interlock")


class AioGate(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Puts the chain before every handler, which has to be `async`. A method without a policy is not served."""

    def __init__(self, chain: Chain, calls: OpenCalls, methods: dict[str, Method]) -> None:
        self._chain = chain
        self._calls = calls
        self._methods = methods

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], details: Any) -> Any:
        handler = await continuation(details)
        method = self._methods.get(details.method)
        if handler is None or method is None:
            return None
        kind = next(kind for kind in KINDS if getattr(handler, kind))
        behavior = getattr(handler, kind)
        is_async = inspect.iscoroutinefunction(behavior) or inspect.isasyncgenfunction(behavior)
        if not is_async:
            raise TypeError(f"the handler of {method.path} is not async: serve it with bot.serve")
        wrap = self._streaming if kind.endswith("_stream") else self._single
        return handler._replace(**{kind: wrap(behavior, method, details.invocation_metadata)})

    async def _admit(self, method: Method, metadata: Any, context: Any) -> Admission:
        # In a thread: a token with an unknown key may have the trust fetched.
        loop = asyncio.get_running_loop()
        peer, address = context.auth_context(), context.peer()
        try:
            return await loop.run_in_executor(None, self._chain.admit, method, peer, address, metadata)
        except InterlockError as error:
            await _abort(context, error)
            raise

    def _single(self, behavior: Any, method: Method, metadata: Any) -> Any:
        async def handle(request: Any, context: Any) -> Any:
            admission = await self._admit(method, metadata, context)
            CALLER.set(admission.caller)
            if method.deprecation:
                await context.send_initial_metadata(method.deprecation)
            call = _Ending()
            task = asyncio.ensure_future(behavior(request, context))
            with self._calls.watching(admission, call.end):
                return await call.first_of(task, context)

        return handle

    def _streaming(self, behavior: Any, method: Method, metadata: Any) -> Any:
        async def handle(request: Any, context: Any) -> AsyncIterator[Any]:
            admission = await self._admit(method, metadata, context)
            CALLER.set(admission.caller)
            if method.deprecation:
                await context.send_initial_metadata(method.deprecation)
            call = _Ending()
            if not inspect.isasyncgenfunction(behavior):  # It writes to the context instead.
                task = asyncio.ensure_future(behavior(request, context))
                with self._calls.watching(admission, call.end):
                    await call.first_of(task, context)
                return
            messages = behavior(request, context)
            try:
                with self._calls.watching(admission, call.end):
                    while True:
                        try:
                            yield await call.first_of(asyncio.ensure_future(messages.__anext__()), context)
                        except StopAsyncIteration:
                            return
            finally:
                await messages.aclose()

        return handle


class _Ending:
    """Ends a call of an event loop from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._error: asyncio.Future[InterlockError] = self._loop.create_future()

    def end(self, error: InterlockError) -> None:
        def resolve() -> None:
            if not self._error.done():
                self._error.set_result(error)

        self._loop.call_soon_threadsafe(resolve)

    async def first_of(self, task: asyncio.Future[Any], context: Any) -> Any:
        """The result of a task, unless the call is ended before."""
        try:
            await asyncio.wait({task, self._error}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
        if self._error.done():
            await asyncio.wait({task})
            await _abort(context, self._error.result())
        try:
            return task.result()
        except (InterlockError, grpc.RpcError) as error:
            failed = hidden(error)
            if not isinstance(failed, InterlockError):
                raise
            LOG.error("a handler failed", exc_info=error)
            await _abort(context, failed)


async def _abort(context: Any, error: InterlockError) -> None:
    await context.abort(error.code, error.message, tuple(trailing_metadata(error)))
