"""The one error of Interlock, and its form on the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc

from ._messages import message

#: Every reason for a denial: its gRPC code and its meaning. Written from `packages/bot/src/base/reason.ts`.
REASONS: dict[str, tuple[str, str]] = {
    reason: (code, meaning)
    for reason, (code, meaning) in json.loads((Path(__file__).parent / "_data" / "reasons.json").read_text()).items()
}

_KEY = "grpc-status-details-bin"
_DOMAIN = "interlock"
_MAXIMUM_VALUE_BYTES = 512


class InterlockError(Exception):
    """An error with a gRPC code, and the reason if Interlock has refused something.

    `metadata` holds further facts by name, such as `needed` and `held`. No secret is ever in an error.
    """

    def __init__(self, code: grpc.StatusCode, message: str, reason: str = "", **metadata: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.metadata = metadata

    @staticmethod
    def of(error: BaseException) -> InterlockError:
        """The same error in this form; the code and reason of a `grpc.RpcError` are kept."""
        if isinstance(error, InterlockError):
            return error
        if isinstance(error, grpc.RpcError):
            call: Any = error
            reason, metadata = _read_details(call)
            made = InterlockError(call.code(), str(call.details()), reason)
            made.metadata = metadata
            return made
        return InterlockError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")


def denial(reason: str, detail: str = "", **metadata: str) -> InterlockError:
    """The error for a reason of the closed list."""
    code, meaning = REASONS[reason]
    text = meaning[0].upper() + meaning[1:]
    return InterlockError(grpc.StatusCode[code], f"{text}: {detail}" if detail else f"{text}.", reason, **metadata)


def hidden(error: BaseException) -> BaseException:
    """The error that a caller gets when a handler fails: what another bot has answered is none of its business."""
    if isinstance(error, grpc.RpcError) or (isinstance(error, InterlockError) and error.reason):
        failed = InterlockError(grpc.StatusCode.INTERNAL, "The handler failed.")
        failed.__cause__ = error
        return failed
    return error


def reason_of(error: BaseException) -> str:
    """The reason of a failed call, for example "SCOPE_MISSING"; "" if the error has none."""
    return InterlockError.of(error).reason


def trailing_metadata(error: InterlockError) -> list[tuple[str, bytes]]:
    """The `google.rpc.Status` with the `ErrorInfo`, as every bot of a fleet sends it."""
    status = message("google.rpc.Status")(code=error.code.value[0], message=error.message[:1_024])
    if error.reason:
        facts = {key: value[:_MAXIMUM_VALUE_BYTES] for key, value in list(error.metadata.items())[:8]}
        info = message("google.rpc.ErrorInfo")(reason=error.reason, domain=_DOMAIN, metadata=facts)
        status.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=info.SerializeToString())
    return [(_KEY, status.SerializeToString())]


def _read_details(call: Any) -> tuple[str, dict[str, str]]:
    try:
        for key, value in call.trailing_metadata() or ():
            if key != _KEY:
                continue
            for detail in message("google.rpc.Status").FromString(value).details:
                if detail.type_url.endswith("/google.rpc.ErrorInfo"):
                    info = message("google.rpc.ErrorInfo").FromString(detail.value)
                    return str(info.reason), dict(info.metadata)
    except Exception:  # Another format than ours, from a server of another kind.
        pass
    return "", {}
