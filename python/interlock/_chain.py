"""The order of enforcement: identify → limit flood → require gateway → authenticate → authorize → limit rate."""

from __future__ import annotations

import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._certificate import Certificate, Peer, verify_peer
from ._errors import InterlockError, denial
from ._manifest import Method, Rate
from ._names import SpiffeId, matches_identity
from ._rate import RateLimiter
from ._token import VerifiedToken, bearer_token, verify_token
from ._trust import Clock, Trust, TrustState

CALLER_RATE = Rate(2_000, 4_000)
_MAXIMUM_CONNECTIONS = 10_000
_MAXIMUM_BEARERS = 64
_DAY_SECONDS = 86_400
_REFERENCE = "interlock-token-reference"
# How many tokens that are new here one bot may show: good ones, and bad ones that cost something.
_NEW_TOKENS = Rate(200, 400)
_BAD_TOKENS = Rate(1, 50)
_CHEAP = {"TOKEN_NOT_BEARER", "TOKEN_ALGORITHM", "TOKEN_HEADER", "TOKEN_TYPE", "TOKEN_KEY_UNKNOWN"}


@dataclass(frozen=True)
class Caller:
    """The bot that a call is made for, and how that is known."""

    spiffe_id: SpiffeId
    #: The bots that act for the caller, the one at the other end of the connection first.
    actors: tuple[SpiffeId, ...]
    scopes: frozenset[str]
    certificate: Certificate
    #: The peer as gRPC writes it, for example `ipv4:127.0.0.1:50312`.
    address: str
    #: The scopes that it holds under conditions on the request. A server in Python refuses them.
    narrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name in the fleet, for example `gripper/1`."""
        return self.spiffe_id.name


@dataclass(eq=False)
class Connection:
    """What is known of one connection: its peer, and the tokens that were shown on it, 64 at most."""

    peer: Peer
    address: str
    #: The trust with which the chain was last compared.
    proved_by: tuple[bytes, ...]
    bearers: OrderedDict[str, VerifiedToken] = field(default_factory=OrderedDict)


@dataclass(eq=False)
class Admission:
    """That a call was admitted: for whom, by which token, and on which connection."""

    caller: Caller
    token: VerifiedToken | None
    connection: Connection
    method: Method
    #: The day in UTC on which the call was counted last, in days since the epoch.
    day: int


@dataclass(frozen=True)
class Denial:
    """A call that was refused."""

    reason: str
    method: str
    #: The name of the bot at the other end; empty if it could not be told.
    caller: str
    message: str


class Chain:
    """Decides on calls by a bot's trust. Thread-safe."""

    def __init__(
        self,
        trust: Trust,
        clock: Clock,
        on_call: Callable[[str, SpiffeId | None, tuple[SpiffeId, ...], Denial | None], None] = lambda *_: None,
        caller_rate: Rate = CALLER_RATE,
    ) -> None:
        self._trust = trust
        self._clock = clock
        self._on_call = on_call
        self._caller_rate = caller_rate
        self._flood = RateLimiter(caller_rate)
        self._new_tokens = RateLimiter(_NEW_TOKENS)
        self._bad_tokens: dict[str, tuple[float, float]] = {}
        self._rates: dict[str, RateLimiter] = {}
        self._connections: OrderedDict[tuple[str, bytes], Connection] = OrderedDict()
        self._lock = threading.Lock()

    def admit(
        self, method: Method, peer: Mapping[str, Sequence[bytes]], address: str, metadata: Sequence[tuple[str, Any]]
    ) -> Admission:
        """Admits a call, or raises a denial. `peer` is gRPC's `auth_context()`, `address` its `peer()`."""
        connection: Connection | None = None
        try:
            connection = self._connection(peer, address)
            admission = self._decide(method, connection, metadata)
        except InterlockError as error:
            self.refused(method, connection, error)
            raise
        self._count(admission)
        return admission

    def refused(self, method: Method, connection: Connection | None, error: InterlockError) -> None:
        """Records a denial, also of a stream that was ended."""
        caller = connection.peer.spiffe_id if connection else None
        name = caller.name if caller else ""
        self._on_call(method.path, caller, (), Denial(error.reason, method.path, name, error.message))

    def _count(self, admission: Admission) -> None:
        self._on_call(admission.method.path, admission.caller.spiffe_id, admission.caller.actors, None)

    def fault_of(self, admission: Admission) -> InterlockError | None:
        """What ends a call that was admitted earlier, if anything. A token that expires is replaced by a later one."""
        now = self._clock()
        try:
            self._identify(admission.connection, now)
            fault = admission.token and self._trust.token_fault(admission.token, now)
            if fault == "TOKEN_EXPIRED":
                admission.token = self._successor(admission, now)
                fault = None if admission.token else fault
            if fault:
                raise denial(fault)
            self._refuse_ended(admission.method, now)
            if admission.method.needs_fresh_trust and self._trust.is_stale():
                raise denial("TRUST_STALE")
        except InterlockError as error:
            return error
        day = int(now // _DAY_SECONDS)
        if day > admission.day and admission.method.kind != "unary":
            admission.day = day  # A stream that is open for days is counted on each of them.
            self._count(admission)
        return None

    def _decide(self, method: Method, connection: Connection, metadata: Sequence[tuple[str, Any]]) -> Admission:
        now = self._clock()
        self._identify(connection, now)
        authorization = [str(value) for key, value in metadata if key == "authorization"]
        references = [str(value) for key, value in metadata if key == _REFERENCE]
        charged = self._charged_to(connection, authorization, now)
        with self._lock:
            wait = self._flood.take(charged.name, now)
        if wait > 0:
            raise _limited(f"one bot may make {self._caller_rate.per_second:g} calls a second in all", wait)
        self._refuse_ended(method, now)
        _require_gateway(method, connection)
        token: VerifiedToken | None = None
        if not method.any_bot:
            token = self._authenticate(connection, authorization, references, now)
            fault = self._trust.token_fault(token, now)
            if fault:
                raise denial(fault)
            if method.service not in token.audiences:
                raise denial("TOKEN_AUDIENCE", needed=method.service, held=" ".join(sorted(token.audiences)))
        elif authorization or references:
            self._authenticate(connection, authorization, references, now)  # Kept for the streams of the connection.
        caller = _caller_of(connection, token)
        self._authorize(method, caller)
        if token:
            _limit_token(method, token)
        self._limit_rate(method, caller, now)
        return Admission(caller, token, connection, method, int(now // _DAY_SECONDS))

    def _charged_to(self, connection: Connection, authorization: list[str], now: float) -> SpiffeId:
        """The bot that a call counts for: the subject of a good token that is known here, or the peer."""
        with self._lock:
            known = connection.bearers.get(authorization[0]) if authorization else None
        if known is None or not known.actors or self._trust.token_fault(known, now):
            return connection.peer.spiffe_id
        return known.subject

    def _connection(self, peer: Mapping[str, Sequence[bytes]], address: str) -> Connection:
        pem = (peer.get("x509_pem_cert") or [b""])[0]
        if not pem:
            raise denial("NO_CERTIFICATE")
        with self._lock:
            known = self._connections.get((address, pem))
            if known:
                self._connections.move_to_end((address, pem))
                return known
        state = self._trust.state
        chain = (peer.get("x509_pem_cert_chain") or [b""])[0]
        leaf = _ders(pem)
        # Without the leaf on a server, by OpenSSL's tradition.
        found = leaf + [one for one in _ders(chain) if one not in leaf]
        verified = verify_peer(found, "client", state.trust_domain, self._clock(), state.ca_certificates)
        if isinstance(verified, str):
            raise denial(verified)
        connection = Connection(verified, address, state.ca_certificates)
        with self._lock:
            while len(self._connections) >= _MAXIMUM_CONNECTIONS:
                self._connections.popitem(last=False)
            return self._connections.setdefault((address, pem), connection)

    def _identify(self, connection: Connection, now: float) -> None:
        peer, state = connection.peer, self._trust.state
        if now >= peer.certificate.not_after:
            raise denial("CERTIFICATE_EXPIRED")
        if connection.proved_by is not state.ca_certificates:
            if peer.chain[-1] not in state.ca_certificates:
                raise denial("CERTIFICATE_UNTRUSTED")
            connection.proved_by = state.ca_certificates
        revoked = self._trust.peer_revoked(peer.spiffe_id, peer.certificate)
        if revoked:
            raise denial(revoked)

    def _authenticate(
        self, connection: Connection, authorization: list[str], references: list[str], now: float
    ) -> VerifiedToken:
        if not authorization and not references:
            raise denial("TOKEN_MISSING")
        if len(authorization) + len(references) > 1:
            raise denial("TOKEN_DUPLICATED")
        if references:
            raise denial("TOKEN_NOT_SHOWN")  # This server offers no references.
        with self._lock:
            known = connection.bearers.get(authorization[0])
        if known:
            return known
        token = self._verify(connection, bearer_token(authorization[0]), now)
        with self._lock:
            while len(connection.bearers) >= _MAXIMUM_BEARERS:
                connection.bearers.popitem(last=False)
            connection.bearers[authorization[0]] = token
        return token

    def _verify(self, connection: Connection, text: str, now: float) -> VerifiedToken:
        peer = connection.peer
        name = peer.spiffe_id.name
        with self._lock:
            wait = self._new_tokens.take(name, now) if self._credit(name, now) >= 1 else 1.0
        if wait > 0:
            raise _limited("the caller has shown too many tokens that are new here", wait)

        def verify(state: TrustState) -> VerifiedToken:
            return verify_token(text, peer.spiffe_id, peer.certificate, state, now)

        try:
            try:
                return verify(self._trust.state)
            except InterlockError as error:
                # The authority may have a new key or a new name that has not arrived here yet.
                if error.reason not in ("TOKEN_KEY_UNKNOWN", "TOKEN_ISSUER") or not self._trust.refetch():
                    raise
                return verify(self._trust.state)
        except InterlockError as error:
            if error.reason not in _CHEAP:
                with self._lock:
                    self._bad_tokens[name] = (self._credit(name, now) - 1, now)
                    for other in [one for one in self._bad_tokens if self._credit(one, now) >= _BAD_TOKENS.burst]:
                        del self._bad_tokens[other]
            raise

    def _credit(self, name: str, now: float) -> float:
        credit, at = self._bad_tokens.get(name, (float(_BAD_TOKENS.burst), now))
        return min(float(_BAD_TOKENS.burst), credit + max(0.0, now - at) * _BAD_TOKENS.per_second)

    def _refuse_ended(self, method: Method, now: float) -> None:
        """Refuses a method past its sunset, or retired: without a token, so that a scan can prove it."""
        instead = f"call {method.replacement}" if method.replacement else ""
        if now >= method.sunset:
            raise denial("METHOD_SUNSET", instead, sunset=method.sunset_text, replacement=method.replacement)
        if self._trust.method_retired(method.path):
            raise denial("METHOD_RETIRED", instead, method=method.path[1:], replacement=method.replacement)

    def _authorize(self, method: Method, caller: Caller) -> None:
        if method.callers and not any(matches_identity(pattern, caller.name) for pattern in method.callers):
            raise denial("CALLER_NOT_ALLOWED", needed=" ".join(method.callers), held=caller.name)
        conditions = [one for scope in method.scopes for one in caller.narrowed.get(scope, ())]
        if conditions:
            needed = " && ".join(conditions)
            raise denial("ARGUMENT_NOT_ALLOWED", "this server does not look at requests", needed=needed)
        if not caller.scopes.issuperset(method.scopes):
            needed, held = " ".join(method.scopes), " ".join(sorted(caller.scopes))
            shown = f'"{held}"' if held else "none"
            raise denial("SCOPE_MISSING", f'it needs "{needed}" and holds {shown}', needed=needed, held=held)
        if method.needs_fresh_trust and self._trust.is_stale():
            raise denial("TRUST_STALE")

    def _limit_rate(self, method: Method, caller: Caller, now: float) -> None:
        if method.rate is None:
            return
        with self._lock:
            limiter = self._rates.setdefault(method.path, RateLimiter(method.rate))
            wait = limiter.take(caller.name, now)
        if wait > 0:
            raise _limited(f"{method.rate.per_second:g} calls a second are allowed", wait)

    def _successor(self, admission: Admission, now: float) -> VerifiedToken | None:
        caller, method = admission.caller, admission.method
        with self._lock:
            shown = list(admission.connection.bearers.values())
        for token in shown:
            was = admission.token
            same = token.subject == caller.spiffe_id and token.actors == caller.actors
            same = same and (was is None or token.delegation == was.delegation)
            same = same and (token.methods is None or method.name in token.methods)
            enough = method.service in token.audiences and token.scopes.issuperset(method.scopes)
            enough = enough and token.narrowed.keys().isdisjoint(method.scopes)
            if same and enough and self._trust.token_fault(token, now) is None:
                return token
        return None


def _caller_of(connection: Connection, token: VerifiedToken | None) -> Caller:
    peer = connection.peer
    if token is None:
        return Caller(peer.spiffe_id, (), frozenset(), peer.certificate, connection.address)
    return Caller(token.subject, token.actors, token.scopes, peer.certificate, connection.address, token.narrowed)


def _limit_token(method: Method, token: VerifiedToken) -> None:
    """Checks the limits of a token beside its scopes.

    Calls that wait for an operator are refused: a bot in Python does not compare the request with what was approved.
    """
    if token.methods is not None and method.name not in token.methods:
        raise denial("METHOD_NOT_DELEGATED", needed=method.name, held=" ".join(sorted(token.methods)))
    if not method.approval or (method.approval == "delegated" and token.delegation is None):
        return
    raise denial("APPROVAL_REQUIRED", "a bot in Python serves no approved calls", needed=method.path[1:])


def _require_gateway(method: Method, connection: Connection) -> None:
    """Refuses a call that comes around the gateway of its service, before its token is looked at."""
    name = connection.peer.spiffe_id.name
    if not method.via or any(matches_identity(pattern, name) for pattern in method.via):
        return
    gateways = " ".join(method.via)
    where = f"call {method.service} at a bot of {gateways}, which the directory finds"
    raise denial("GATEWAY_REQUIRED", where, needed=gateways, held=name)


def _limited(detail: str, wait: float) -> InterlockError:
    return denial("RATE_LIMITED", detail, retryAfterMs=str(max(1, round(wait * 1_000))))


def _ders(pem: bytes) -> list[bytes]:
    end = b"-----END CERTIFICATE-----"
    parts = [part + end for part in pem.split(end)[:-1]]
    return [ssl.PEM_cert_to_DER_cert(part.strip().decode("ascii")) for part in parts]
