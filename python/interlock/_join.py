"""Joining a fleet: a join token, which pins the CA, is exchanged for an identity."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Any

import grpc

from ._certificate import parse_certificate, prove_chain, verify_peer
from ._errors import InterlockError, denial
from ._files import certificates_to_pem
from ._identity import Identity, create_key_and_csr
from ._messages import message
from ._names import SpiffeId, is_trust_domain, matches_identity
from ._tls import TIMEOUT_SECONDS, host_and_port, shown_chain
from ._trust import Clock, TrustState, apply_update

AUTHORITY = "interlock/authority"
_PACKAGE = "interlock.authority.v1"
_PREFIX = "ILK1-"
_PATTERN = re.compile(r"[a-zA-Z0-9._*-]+(/[a-zA-Z0-9._*-]+)*")


@dataclass(frozen=True)
class JoinToken:
    """The contents of a join token, without its secret."""

    trust_domain: str
    #: A bot's name, or an identity pattern.
    name: str
    #: The SHA-256 of the root certificate's DER.
    ca_digest: bytes


def parse_join_token(text: str) -> JoinToken | None:
    """Reads the line that `interlock invite` printed; `None` when it is none, or only a part of one."""
    text = text.strip()
    if not text.startswith(_PREFIX) or len(text) > 2_048:
        return None
    encoded = text[len(_PREFIX) :]
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    checksum, body = data[:4], data[4:]
    if len(body) < 65 or hashlib.sha256(body).digest()[:4] != checksum:
        return None
    trust_domain, slash, name = body[64:].decode("utf-8", "replace").partition("/")
    if not slash or not is_trust_domain(trust_domain) or not _PATTERN.fullmatch(name):
        return None
    return JoinToken(trust_domain, name, body[:32])


def join_fleet(authority: str, name: str, join_token: str, clock: Clock) -> tuple[Identity, TrustState]:
    """Joins at one authority.

    The bot finds the CA that the join token pins in what the authority shows, and verifies the authority below that CA
    as every other server is verified. Only then it sends the token.
    """
    token = parse_join_token(join_token)
    if token is None:
        raise denial("JOIN_TOKEN_INVALID", "it is not complete; paste the whole line, from ILK1- on")
    if not matches_identity(token.name, name):
        raise denial("JOIN_TOKEN_NAME_MISMATCH", f"it is for {token.name}, and this is {name}")
    leaf = _verified_authority(authority, token, clock)
    uri = SpiffeId(token.trust_domain, name).uri
    key, csr = create_key_and_csr(uri)
    answer = _call_join(authority, leaf, join_token.strip(), csr, name)
    identity = Identity(key, tuple(answer.certificate.chain))
    if not identity.chain or identity.spiffe_id.uri != uri:
        raise InterlockError(grpc.StatusCode.INTERNAL, "The authority answered with another bot's certificate.")
    return identity, apply_update(None, answer.trust)


def _verified_authority(address: str, token: JoinToken, clock: Clock) -> bytes:
    """The leaf of the authority, proved below the CA that the token pins."""
    try:
        found = shown_chain(address)
    except OSError as error:
        raise denial("AUTHORITY_UNREACHABLE", f"is it up at {address}?") from error
    root = next((one for one in found if hashlib.sha256(one).digest() == token.ca_digest), None)
    # Any server can send that CA along; only one below it has a certificate of it.
    if root is None or prove_chain(found, (root,), token.trust_domain, clock(), []) is None:
        raise denial("CA_PIN_MISMATCH", f"another server may answer at {address}; do not join, ask for a new token")
    # This handshake proves that the server holds the key of that certificate.
    try:
        found = shown_chain(address, (root,))
    except OSError as error:
        raise denial("CERTIFICATE_UNTRUSTED", str(error)) from error
    peer = verify_peer(found, "server", token.trust_domain, clock(), (root,))
    if isinstance(peer, str):
        raise denial(peer)
    if peer.spiffe_id.name != AUTHORITY:
        raise denial("SERVER_IDENTITY_MISMATCH", held=peer.spiffe_id.name, needed=AUTHORITY)
    return found[0]


def _call_join(authority: str, leaf: bytes, join_token: str, csr: bytes, name: str) -> Any:
    certificate = parse_certificate(leaf)
    options = [
        ("grpc.ssl_target_name_override", (certificate.dns_names or (f"[{certificate.uris[0]}]",))[0]),
        ("grpc.default_authority", host_and_port(authority)[0]),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    # gRPC accepts exactly this certificate; see _link.py.
    credentials = grpc.ssl_channel_credentials(certificates_to_pem([leaf]).encode())
    request = message(f"{_PACKAGE}.JoinRequest")(join_token=join_token, csr=csr, name=name)
    with grpc.secure_channel(authority, credentials, options) as channel:
        call = channel.unary_unary(
            f"/{_PACKAGE}.EnrollmentService/Join",
            request_serializer=type(request).SerializeToString,
            response_deserializer=message(f"{_PACKAGE}.JoinResponse").FromString,
        )
        try:
            return call(request, timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            raise InterlockError.of(error) from error
