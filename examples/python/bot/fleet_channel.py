"""A gRPC channel to one bot of the fleet."""

from pathlib import Path

import grpc


def fleet_channel(folder, address, server, certificate=True):
    """Opens a channel to the bot whose SPIFFE ID is `server`, under the identity that is in `folder`."""
    # Key and certificate in one file, so that they belong together whenever it is read.
    identity = (Path(folder) / "identity.pem").read_bytes() if certificate else None
    roots = (Path(folder) / "ca.pem").read_bytes()
    credentials = grpc.ssl_channel_credentials(roots, private_key=identity, certificate_chain=identity)
    options = [
        # A bot's certificate names no host, only a SPIFFE ID, and that is what gRPC is told to look for. It stands in
        # brackets, or gRPC would take what follows its colon for a port; so the whole is compared
        # (without regard to case: do not tell bots apart by that).
        ("grpc.ssl_target_name_override", f"[{server}]"),
        # What the override would put into `:authority` is none.
        ("grpc.default_authority", address.rsplit(":", 1)[0]),
    ]
    return grpc.secure_channel(address, credentials, options)
