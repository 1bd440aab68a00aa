"""The health service, which every bot serves to any other: with a call to it, a peer shows its next token."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import grpc

from ._manifest import Method
from ._messages import message
from ._trust import Trust

SERVICE = "grpc.health.v1.Health"
_PATH = f"/{SERVICE}/Check"
METHOD = Method(SERVICE, _PATH, "unary", (), True, "low", (), None, math.inf, "", "")


def health_handler(trust: Trust, served: Callable[[], set[str]], is_async: bool) -> Any:
    """The handler of `Check`. `interlock.trust` is not serving while the trust is stale."""
    package = "grpc.health.v1"
    request, response = message(f"{package}.HealthCheckRequest"), message(f"{package}.HealthCheckResponse")

    def status(asked: Any) -> Any:
        if asked.service == "interlock.trust":
            return response(status=2 if trust.is_stale() else 1)
        return response(status=1) if asked.service in ("", SERVICE) or asked.service in served() else None

    def check(asked: Any, context: Any) -> Any:
        found = status(asked)
        if found is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "This service is not served here.")
        return found

    async def check_later(asked: Any, context: Any) -> Any:
        found = status(asked)
        if found is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "This service is not served here.")
        return found

    handler = grpc.unary_unary_rpc_method_handler(
        check_later if is_async else check,
        request_deserializer=request.FromString,
        response_serializer=response.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(SERVICE, {"Check": handler})
