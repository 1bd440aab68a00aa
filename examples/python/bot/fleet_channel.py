"""A gRPC channel to one bot of the fleet."""

from pathlib import Path

import grpc


def fleet_channel(folder, address, server, certificate=True):
    """Opens a channel to the bot whose SPIFFE ID is `server`, with the identity in `folder`."""
    # Key and certificate are in one file, so they always match.
    identity = (Path(folder) / "identity.pem").read_bytes() if certificate else None
    roots = (Path(folder) / "ca.pem").read_bytes()
    credentials = grpc.ssl_channel_credentials(roots, private_key=identity, certificate_chain=identity)
    options = [
        # A bot's certificate names no host, only a SPIFFE ID, so gRPC compares that. The brackets keep gRPC from reading
        # the part after the colon as a port. The comparison ignores case: do not give bots names that differ only in case.
        ("grpc.ssl_target_name_override", f"[{server}]"),
        # Without this, gRPC would put the override into `:authority`, where it is not valid.
        ("grpc.default_authority", address.rsplit(":", 1)[0]),
    ]
    return grpc.secure_channel(address, credentials, options)
