"""The caller of the call that is being handled."""

from __future__ import annotations

from contextvars import ContextVar

from ._chain import Caller

CALLER: ContextVar[Caller] = ContextVar("interlock-caller")


def caller() -> Caller:
    """The verified caller of the call that this handler serves. Raises `LookupError` outside a handler."""
    return CALLER.get()
