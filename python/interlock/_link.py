"""Connections to one server that has proved its SPIFFE ID before anything is sent to it.

grpcio compares a server's certificate with host names, and shows it to nobody. So the bot makes a handshake of its
own, verifies the server as every peer is verified, and then has gRPC accept exactly that certificate and no other:
gRPC takes the leaf itself as its root. gRPC compares a host name as well, and gets one that the same leaf holds;
nothing depends on it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc

from ._certificate import Peer
from ._errors import InterlockError, denial
from ._files import certificates_to_pem
from ._health import METHOD as HEALTH
from ._identity import Identity
from ._member import Member
from ._names import matches_identity
from ._tls import host_and_port, verify_server
from ._trust import TrustState

#: The service of a token, and its scopes.
TokenNeed = tuple[str, tuple[str, ...]]

#: Methods that take no token and stand in no manifest of a bot.
AUTHORITY_METHODS = {HEALTH.path: HEALTH}

#: A server that was verified so recently is not verified again.
_RECENT_SECONDS = 1.0


@dataclass
class Link:
    """A channel of gRPC to one verified server, over one certificate of this bot."""

    channel: Any
    server: Peer
    identity: Identity
    ca_certificates: tuple[bytes, ...]
    verified_at: float
    calls: dict[tuple[str, str, int, int], Any] = field(default_factory=dict)
    state: Any = grpc.ChannelConnectivity.IDLE

    def follow(self, state: Any) -> None:
        """Notes the state of the channel, as gRPC reports it."""
        self.state = state


def pinned(server: Peer, identity: Identity, address: str) -> tuple[grpc.ChannelCredentials, list[tuple[str, Any]]]:
    """The credentials and options of a channel to the server that holds this leaf, and to no other."""
    leaf = server.certificate
    mine = identity.pem.encode()
    credentials = grpc.ssl_channel_credentials(certificates_to_pem([leaf.der]).encode(), mine, mine)
    # Before 1.78, gRPC compares URIs, too. The brackets keep it from reading the part after the colon as a port.
    name = leaf.dns_names[0] if leaf.dns_names else f"[{leaf.uris[0]}]"
    return credentials, [
        ("grpc.ssl_target_name_override", name),
        ("grpc.default_authority", host_and_port(address)[0]),
        ("grpc.use_local_subchannel_pool", 1),
        # A server that comes back is found soon.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
    ]


class Connector:
    """Keeps the link to the server at an address: verified, over this bot's current certificate. Thread-safe."""

    def __init__(self, member: Member, address: str, servers: tuple[str, ...]) -> None:
        host_and_port(address)
        self.member = member
        self.address = address
        self._servers = servers
        self._link: Link | None = None
        self._lock = threading.Lock()

    @property
    def current(self) -> Link | None:
        """The link as it is, usable or not."""
        return self._link

    def usable(self) -> Link | None:
        """The link, if it can be used without asking anything of the network. Raises when its server is revoked."""
        link = self._link
        if link is None or link.state is not grpc.ChannelConnectivity.READY or not self._is_current(link):
            return None
        self._check(link.server)
        return link

    def connect(
        self,
        open_channel: Callable[[grpc.ChannelCredentials, list[tuple[str, Any]]], Any],
        opened: Callable[[Link], None] = lambda link: None,
    ) -> Link:
        """The link, verified anew unless that was just done. Raises a denial. It may take a handshake's time."""
        with self._lock:
            link = self.usable() or self._recent()
            if link:
                return link
            member = self.member
            identity, state = member.identity(), member.trust.state
            server = verify_server(self.address, member.trust, member.identity_file, member.clock())
            self._check(server)
            old = self._link
            if old and old.server.certificate.thumbprint == server.certificate.thumbprint and self._is_current(old):
                old.verified_at = time.monotonic()
                return old
            channel = open_channel(*pinned(server, identity, self.address))
            self._link = link = Link(channel, server, identity, state.ca_certificates, time.monotonic())
            opened(link)
            return link

    def metadata(self, method: str, link: Link, given: Any) -> list[tuple[str, Any]]:
        """The metadata of a call, with its token if the method needs one. It may take a call to the authority."""
        rest = list(given or ())
        if any(key.lower() == "authorization" for key, _ in rest):
            return rest  # The caller shows a token of its own.
        manifest = self.member.manifest
        policy = manifest.methods.get(method, AUTHORITY_METHODS.get(method))
        if policy is None:
            raise ValueError(f"{method} is not in the manifest: run `interlock generate`")
        service = manifest.services.get(policy.service)
        name = link.server.spiffe_id.name
        expected = service.served_by if service else ()
        if service and service.via:
            expected = service.expected_servers(link.identity.spiffe_id.name)
        if service and expected and not any(matches_identity(one, name) for one in expected):
            wanted = " ".join(expected)
            raise denial("SERVER_IDENTITY_MISMATCH", f"{name} may not serve {service.name}", needed=wanted, held=name)
        if service is None or policy.any_bot:
            return rest
        # The scopes of this method and no others: a token holds what the call needs.
        token = self.member.tokens.authorization(service.name, policy.token_scopes, link.identity)
        return [*rest, ("authorization", token)]

    def settled(self, method: str, code: Any) -> None:
        """Learns from the end of a call: a token that was refused is not shown again."""
        policy = self.member.manifest.methods.get(method)
        if policy is not None and code is grpc.StatusCode.UNAUTHENTICATED:
            self.member.tokens.forget(policy.service)

    def next_token(self, link: Link, need: TokenNeed) -> str | None:
        """The token to show for open streams; `None` when there is none for the link's certificate."""
        if link.identity.chain[0] != self.member.identity().chain[0]:
            return None  # The authority binds new tokens to the newer certificate.
        service, scopes = need
        return self.member.tokens.authorization(service, scopes, link.identity)

    def kept_need(self, method: str) -> TokenNeed | None:
        """The token that a stream of this method needs all along."""
        policy = self.member.manifest.methods.get(method)
        return (policy.service, policy.token_scopes) if policy and not policy.any_bot else None

    def drop(self) -> Link | None:
        """Forgets the link, and gives it."""
        link, self._link = self._link, None
        return link

    def revoked(self) -> Link | None:
        """The link, if its server must not be talked to any more."""
        link = self._link
        if link is None:
            return None
        try:
            self._check(link.server)
        except InterlockError:
            return link
        return link if link.server.chain[-1] not in self.member.trust.state.ca_certificates else None

    def _recent(self) -> Link | None:
        link = self._link
        if link is None or not self._is_current(link) or time.monotonic() - link.verified_at > _RECENT_SECONDS:
            return None
        if link.state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            return None
        self._check(link.server)
        return link

    def _is_current(self, link: Link) -> bool:
        trust: TrustState = self.member.trust.state
        identity = self.member.identity()
        return link.identity.chain[0] == identity.chain[0] and link.ca_certificates is trust.ca_certificates

    def _check(self, server: Peer) -> None:
        revoked = self.member.trust.peer_revoked(server.spiffe_id, server.certificate)
        if revoked:
            raise denial(revoked, f"it is the server {server.spiffe_id.name}")
        name = server.spiffe_id.name
        if self._servers and not any(matches_identity(pattern, name) for pattern in self._servers):
            wanted = " ".join(self._servers)
            raise denial("SERVER_IDENTITY_MISMATCH", f"{self.address} is {name}", needed=wanted, held=name)
