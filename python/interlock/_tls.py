"""A TLS handshake in which the server's certificates can be looked at. grpcio shows a client none before its call."""

from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any

from ._certificate import Peer, verify_peer
from ._errors import denial
from ._files import certificates_to_pem
from ._trust import Trust

TIMEOUT_SECONDS = 10.0
_LEAVE_SECONDS = 1.0


def shown_chain(address: str, ca_certificates: tuple[bytes, ...] = (), identity: Path | None = None) -> list[bytes]:
    """The certificates (DER, the leaf first) that the server at `host:port` shows in a TLS 1.3 handshake.

    With `ca_certificates`, the handshake also proves that the server holds the key of a certificate below one of them.
    Raises `OSError` when the server cannot be reached, and `ssl.SSLError` when the handshake fails.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # A bot's certificate is for a SPIFFE ID, which the caller compares.
    context.verify_mode = ssl.CERT_REQUIRED if ca_certificates else ssl.CERT_NONE
    if ca_certificates:
        context.load_verify_locations(cadata=certificates_to_pem(ca_certificates))
    if identity is not None:
        context.load_cert_chain(identity)
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(host_and_port(address), timeout=TIMEOUT_SECONDS) as raw:
        secure = context.wrap_socket(raw)
        try:
            return _unverified_chain(secure)
        finally:
            _leave(secure)


def verify_server(address: str, trust: Trust, identity: Path, now: float) -> Peer:
    """Verifies the server at an address as every peer is verified. Raises a denial."""
    state = trust.state
    try:
        found = shown_chain(address, state.ca_certificates, identity)
    except ssl.SSLCertVerificationError as error:
        raise denial("CERTIFICATE_UNTRUSTED", str(error.verify_message)) from error
    except OSError as error:
        raise denial("SERVER_UNREACHABLE", f"{address}: {error}") from error
    peer = verify_peer(found, "server", state.trust_domain, now, state.ca_certificates)
    if isinstance(peer, str):
        raise denial(peer)
    revoked = trust.peer_revoked(peer.spiffe_id, peer.certificate)
    if revoked:
        raise denial(revoked)
    return peer


def host_and_port(address: str) -> tuple[str, int]:
    """Splits `host:port`; an IPv6 host stands in brackets."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise ValueError(f'"{address}" is no address: write host:port')
    return host.strip("[]"), int(port)


def _unverified_chain(secure: ssl.SSLSocket) -> list[bytes]:
    # Public from Python 3.13 on; before, the same method is on the object below.
    get: Any = getattr(secure, "get_unverified_chain", None) or secure._sslobj.get_unverified_chain  # type: ignore[attr-defined]
    return [one if isinstance(one, bytes) else one.public_bytes(2) for one in get() or []]  # 2 is DER.


def _leave(secure: ssl.SSLSocket) -> None:
    """Ends a connection as TLS has it: one that breaks off looks to the server like a handshake that failed."""
    with contextlib.suppress(OSError, ValueError):
        secure.settimeout(_LEAVE_SECONDS)
        secure.unwrap()
    secure.close()
