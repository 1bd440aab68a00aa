"""Why a call was refused: a google.rpc.ErrorInfo in the trailing metadata."""

from messages import message

_KEY = "grpc-status-details-bin"
_ERROR_INFO = "google.rpc.ErrorInfo"


def reason_of(error):
    """Returns the reason of a grpc.RpcError, for example "SCOPE_MISSING", or "" if it has none."""
    details = dict(error.trailing_metadata() or ()).get(_KEY, b"")
    for detail in message("google.rpc.Status").FromString(details).details:
        if detail.Is(message(_ERROR_INFO).DESCRIPTOR):
            return message(_ERROR_INFO).FromString(detail.value).reason
    return ""


def refuse(context, code, reason, text, **metadata):
    """Ends the call with a gRPC code and a reason, as every bot of the fleet does."""
    status = message("google.rpc.Status")(code=code.value[0], message=text)
    status.details.add().Pack(message(_ERROR_INFO)(reason=reason, domain="interlock", metadata=metadata))
    context.set_trailing_metadata([(_KEY, status.SerializeToString())])
    context.abort(code, text)
