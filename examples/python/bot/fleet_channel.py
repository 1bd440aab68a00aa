"""A gRPC channel to one bot of the fleet."""

from pathlib import Path

import grpc


def fleet_channel(folder, address, server, certificate=True):
    """Opens a channel to the bot called `server` (its SPIFFE ID), under the identity that `interlock join` left in `folder`."""
    read = lambda name: (Path(folder) / name).read_bytes()
    own = {"private_key": read("key.pem"), "certificate_chain": read("cert.pem")} if certificate else {}
    credentials = grpc.ssl_channel_credentials(root_certificates=read("ca.pem"), **own)
    options = [
        # A bot's certificate names no host, only its SPIFFE ID, and that is what gRPC is to look for. In brackets, or gRPC
        # takes what follows the colon for a port; thus it compares the whole with each name in the certificate, exactly.
        ("grpc.ssl_target_name_override", f"[{server}]"),
        ("grpc.default_authority", address.rsplit(":", 1)[0]),
    ]
    return grpc.secure_channel(address, credentials, options)
