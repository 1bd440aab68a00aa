"""The checks of a grpcio server of threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import grpc

from ._chain import Chain
from ._context import CALLER
from ._errors import InterlockError, hidden, trailing_metadata
from ._manifest import Method
from ._open_calls import OpenCalls

LOG = logging.getLogger("interlock")
KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Gate(grpc.ServerInterceptor):  # type: ignore[misc]
    """Puts the chain before every handler. A method without a policy is not served."""

    def __init__(self, chain: Chain, calls: OpenCalls, methods: dict[str, Method]) -> None:
        self._chain = chain
        self._calls = calls
        self._methods = methods

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        handler = continuation(details)
        method = self._methods.get(details.method)
        if handler is None or method is None:
            return None
        kind = next(kind for kind in KINDS if getattr(handler, kind))
        behavior = getattr(handler, kind)
        wrap = self._streaming if kind.endswith("_stream") else self._single
        return handler._replace(**{kind: wrap(behavior, method, details.invocation_metadata, kind)})

    def _single(self, behavior: Any, method: Method, metadata: Any, kind: str) -> Any:
        def handle(request: Any, context: Any) -> Any:
            with _aborting(context):
                admission = self._chain.admit(method, context.auth_context(), context.peer(), metadata)
                CALLER.set(admission.caller)
                _tell_deprecation(context, method)
                task = _Task(lambda: iter([behavior(request, context)]))
                with self._calls.watching(admission, task.end):
                    # A single request needs no second thread: its answer is held back when the call has been ended.
                    answers = task.run_here() if kind == "unary_unary" else task.run(context)
                    return next(iter(answers))

        return handle

    def _streaming(self, behavior: Any, method: Method, metadata: Any, kind: str) -> Any:
        def handle(request: Any, context: Any) -> Iterator[Any]:
            with _aborting(context):
                admission = self._chain.admit(method, context.auth_context(), context.peer(), metadata)
                CALLER.set(admission.caller)
                _tell_deprecation(context, method)
                task = _Task(lambda: behavior(request, context))
                with self._calls.watching(admission, task.end):
                    yield from task.run(context)

        return handle


def _tell_deprecation(context: Any, method: Method) -> None:
    if method.deprecation:
        context.send_initial_metadata(method.deprecation)


class _aborting:
    """Ends the call with the status and the details of an `InterlockError` that is raised in the block."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, InterlockError):
            if error.code is grpc.StatusCode.INTERNAL and error.__cause__:
                LOG.error("a handler failed", exc_info=error.__cause__)
            self._context.set_trailing_metadata(trailing_metadata(error))
            self._context.abort(error.code, error.message)


class _Task:
    """Runs a handler, and can be ended while the handler waits. It holds one message at a time."""

    def __init__(self, start: Callable[[], Iterator[Any]]) -> None:
        self._start = start
        self._condition = threading.Condition()
        self._items: list[Any] = []
        self._done = False
        self._closed = False
        self._error: BaseException | None = None

    def end(self, error: InterlockError) -> None:
        """Ends the call now."""
        with self._condition:
            self._error = self._error or error
            self._items.clear()
            self._done = self._closed = True
            self._condition.notify_all()

    def run_here(self) -> list[Any]:
        """The messages of a handler that runs in this thread."""
        try:
            items = list(self._start())
        except Exception as error:
            raise self._error or hidden(error) from error
        if self._error:
            raise self._error
        return items

    def run(self, context: Any) -> Iterator[Any]:
        """The messages of a handler that runs in a thread of its own, so that this one can end the call."""
        if not context.add_callback(self._close):
            return
        variables = copy_context()
        threading.Thread(target=variables.run, args=(self._work,), name="interlock-handler", daemon=True).start()
        try:
            while True:
                with self._condition:
                    self._condition.wait_for(lambda: self._items or self._done)
                    if self._items:
                        item = self._items.pop()
                        self._condition.notify_all()
                    elif self._error:
                        raise self._error
                    else:
                        return
                yield item
        finally:
            self._close()

    def _close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _work(self) -> None:
        messages: Any = None
        try:
            messages = self._start()
            for item in messages:
                with self._condition:
                    self._condition.wait_for(lambda: not self._items or self._closed)
                    if self._closed:
                        break
                    self._items.append(item)
                    self._condition.notify_all()
        except BaseException as error:
            self._error = self._error or hidden(error)
        finally:
            close = getattr(messages, "close", None)
            if close:
                close()
            with self._condition:
                self._done = True
                self._condition.notify_all()
