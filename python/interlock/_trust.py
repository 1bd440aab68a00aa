"""What a bot trusts: CA certificates, token keys, revocations and withdrawn scopes, and how fresh that is."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._certificate import Certificate, parse_certificate
from ._files import certificates_to_pem, write_private_file
from ._names import SpiffeId, is_trust_domain, matches_identity

if TYPE_CHECKING:
    from ._token import VerifiedToken

Clock = Callable[[], float]
REFETCH_COOL_DOWN = 10.0
MAXIMUM_RETIRED = 1_000


@dataclass(frozen=True)
class CutOff:
    """A scope that was withdrawn while tokens with it are still valid. Empty texts stand for any."""

    identity: str
    service: str
    scope: str
    grants_version: int
    exceptions: tuple[str, ...]


@dataclass(frozen=True)
class TrustState:
    """The trust at one version: complete and immutable."""

    version: int
    trust_domain: str
    issuer: str
    former_issuers: tuple[str, ...]
    ca_certificates: tuple[bytes, ...]
    active_ca: str
    jwks: dict[str, Any]
    #: By kind and subject: when it was revoked, in milliseconds since the epoch, and why.
    revocations: dict[tuple[str, str], tuple[float, str]]
    cut_offs: tuple[CutOff, ...]
    stale_after: float
    #: The methods that servers refuse: `package.Service/Method`, or `package.Service/*` for all of a service.
    retired: frozenset[str] = frozenset()

    @cached_property
    def revoked_patterns(self) -> tuple[str, ...]:
        return tuple(subject for kind, subject in self.revocations if kind == "pattern")


class Trust:
    """The trust of a bot, kept current by the authority's feed. Thread-safe."""

    def __init__(self, state: TrustState, clock: Clock = time.time, heard_at: float | None = None) -> None:
        self._clock = clock
        # How long ago something was heard is measured by a clock that nobody sets.
        self._steady: Clock = time.monotonic if clock is time.time else clock
        self._state = state
        self._heard = heard_at is None  # Trust from a disk is stale until the authority has been heard.
        self._heard_at = clock() if heard_at is None else heard_at
        self._confirmed_at = self._steady()
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._refetched_at = float("-inf")
        self._refetch: Callable[[], None] | None = None

    @property
    def state(self) -> TrustState:
        """The trust at its newest version."""
        return self._state

    @property
    def heard_at(self) -> float:
        """When the authority was last heard, in seconds since the epoch."""
        return self._heard_at

    def is_stale(self) -> bool:
        """Whether the last word from the authority is older than the bound, or came before this process."""
        return not self._heard or self._steady() - self._confirmed_at > self._state.stale_after

    def touch(self) -> None:
        """Says that the authority has been heard."""
        self._heard_at, self._confirmed_at, self._heard = self._clock(), self._steady(), True

    def replace(self, state: TrustState) -> None:
        """Puts a newer state in force, and tells the listeners."""
        self._state = state
        self.touch()
        for listener in list(self._listeners):
            listener()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after each update. Returns a function that ends this."""
        self._listeners.append(listener)

        def remove() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return remove

    def refetch_with(self, fetch: Callable[[], None]) -> None:
        self._refetch = fetch

    def refetch(self) -> bool:
        """Fetches the newest trust because something is unknown here: at most once in 10 s. Whether it was fetched."""
        with self._lock:
            now = time.monotonic()
            if self._refetch is None or now - self._refetched_at < REFETCH_COOL_DOWN:
                return False
            self._refetched_at = now
        with contextlib.suppress(Exception):  # The caller looks again and finds the same.
            self._refetch()
        return True

    def peer_revoked(self, spiffe_id: SpiffeId, certificate: Certificate) -> str | None:
        """The reason why a peer is revoked, or `None`."""
        revocations = self._state.revocations
        if ("identity", spiffe_id.uri) in revocations:
            return "IDENTITY_REVOKED"
        if ("certificate", certificate.serial) in revocations:
            return "CERTIFICATE_REVOKED"
        return "IDENTITY_REVOKED" if self.identity_revoked(spiffe_id) else None

    def identity_revoked(self, spiffe_id: SpiffeId) -> bool:
        """Whether a bot is revoked, by its name or by a pattern."""
        state = self._state
        patterns = state.revoked_patterns
        return ("identity", spiffe_id.uri) in state.revocations or any(
            matches_identity(pattern, spiffe_id.name) for pattern in patterns
        )

    def method_retired(self, path: str) -> bool:
        """Whether the method with this path, `/package.Service/Method`, is retired in the whole fleet."""
        retired = self._state.retired
        return bool(retired) and (path[1:] in retired or f"{path[1:].rpartition('/')[0]}/*" in retired)

    def token_fault(self, token: VerifiedToken, now: float) -> str | None:
        """The reason why a token that was verified earlier is not valid any more, or `None`."""
        from ._token import is_same_key

        state = self._state
        if now >= token.expires_at:
            return "TOKEN_EXPIRED"
        if any(("token", jti) in state.revocations for jti in (token.jti, *token.ancestors)):
            return "TOKEN_REVOKED"
        if any(self.identity_revoked(one) for one in (token.subject, *token.actors)):
            return "IDENTITY_REVOKED"
        if any(_cuts(cut_off, token) for cut_off in state.cut_offs):
            return "TOKEN_OUTDATED"
        if not any(is_same_key(key, token.key) for key in state.jwks["keys"]):
            return "TOKEN_KEY_UNKNOWN"
        return None


def apply_update(state: TrustState | None, update: Any) -> TrustState:
    """The trust after a `WatchTrustResponse`. Raises `ValueError` when it is unsound, or for another version."""
    complete = update.applies_to == 0
    if not complete and (state is None or update.applies_to != state.version):
        raise ValueError(f"the trust update is for version {update.applies_to}")
    if state is not None and update.trust_domain != state.trust_domain:
        raise ValueError(f'the trust update is for "{update.trust_domain}"')
    if not is_trust_domain(update.trust_domain) or not update.issuer or not update.stale_after_seconds:
        raise ValueError("the trust update has no trust domain, no issuer, or no bound")
    if not update.ca_certificates:
        raise ValueError("the trust update has no CA certificate")
    for data in update.ca_certificates:
        parse_certificate(data)
    revocations = {} if complete or state is None else dict(state.revocations)
    for one in update.unrevoked:
        revocations.pop(_subject(one), None)
    for one in update.revocations:
        if one.WhichOneof("subject"):
            revocations[_subject(one)] = (one.revoked_at.ToMilliseconds(), one.reason)
    retired = frozenset() if complete or state is None else state.retired
    if update.HasField("retired"):
        retired = frozenset(update.retired.methods[:MAXIMUM_RETIRED])
    return TrustState(
        version=update.results_in,
        trust_domain=update.trust_domain,
        issuer=update.issuer,
        former_issuers=tuple(update.former_issuers),
        ca_certificates=tuple(update.ca_certificates),
        active_ca=update.active_ca,
        jwks=_read_jwks(json.loads(update.jwks)),
        revocations=revocations,
        cut_offs=tuple(
            CutOff(c.identity, c.service, c.scope, c.grants_version, tuple(getattr(c, "except")))
            for c in update.cut_offs
        ),
        stale_after=update.stale_after_seconds,
        retired=retired,
    )


class TrustFolder:
    """Keeps the trust as `trust.json`, and its CA certificates also as `ca.pem`: the layout of every Interlock bot."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> tuple[TrustState, float] | None:
        """The state that was saved last, and when the authority was heard; `None` when there is none."""
        path = self._folder / "trust.json"
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return None
        try:
            saved = json.loads(text)
            return state_from_json(saved), (saved.get("heardAt") or float("-inf")) / 1_000
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} cannot be read. Move it away and join again.") from error

    def save(self, trust: Trust) -> None:
        """Replaces what was saved."""
        state = trust.state
        write_private_file(self._folder / "ca.pem", certificates_to_pem(state.ca_certificates))
        heard_at = round(trust.heard_at * 1_000) if trust.heard_at > 0 else None
        text = json.dumps({**state_to_json(state), "heardAt": heard_at}, indent=2)
        write_private_file(self._folder / "trust.json", text + "\n")


def state_to_json(state: TrustState) -> dict[str, Any]:
    """The form of `trust.json`, which every language reads."""
    return {
        "version": str(state.version),
        "trustDomain": state.trust_domain,
        "issuer": state.issuer,
        "formerIssuers": list(state.former_issuers),
        "caCertificates": [base64.b64encode(data).decode() for data in state.ca_certificates],
        **({"activeCa": state.active_ca} if state.active_ca else {}),
        "jwks": state.jwks,
        "revocations": [
            {"kind": kind, "subject": subject, "revokedAt": at, "reason": reason}
            for (kind, subject), (at, reason) in state.revocations.items()
        ],
        "cutOffs": [
            {
                "identity": c.identity,
                "service": c.service,
                "scope": c.scope,
                "grantsVersion": c.grants_version,
                "except": list(c.exceptions),
            }
            for c in state.cut_offs
        ],
        **({"retired": sorted(state.retired)} if state.retired else {}),
        "staleAfterMs": round(state.stale_after * 1_000),
    }


def state_from_json(saved: dict[str, Any]) -> TrustState:
    """Reads the form of `trust.json`. Raises `ValueError` or `KeyError` when it is not sound."""
    if not is_trust_domain(saved["trustDomain"]) or not saved["caCertificates"]:
        raise ValueError("no trust domain, or no CA")
    return TrustState(
        version=int(saved["version"]),
        trust_domain=saved["trustDomain"],
        issuer=saved["issuer"],
        former_issuers=tuple(saved.get("formerIssuers", [])),
        ca_certificates=tuple(base64.b64decode(text) for text in saved["caCertificates"]),
        active_ca=saved.get("activeCa", ""),
        jwks=_read_jwks(saved["jwks"]),
        revocations={(r["kind"], r["subject"]): (r["revokedAt"], r["reason"]) for r in saved["revocations"]},
        cut_offs=tuple(
            CutOff(c["identity"], c["service"], c["scope"], c["grantsVersion"], tuple(c["except"]))
            for c in saved.get("cutOffs", [])
        ),
        stale_after=saved["staleAfterMs"] / 1_000,
        retired=frozenset(saved.get("retired", [])),
    )


def with_revocations(state: TrustState, subjects: Iterable[tuple[str, str]]) -> TrustState:
    """The state with more revoked, at the next version."""
    added = {subject: (0.0, "") for subject in subjects}
    return replace(state, version=state.version + 1, revocations={**state.revocations, **added})


def _read_jwks(jwks: Any) -> dict[str, Any]:
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) and "kid" in key for key in keys):
        raise ValueError("the trust has no token keys")
    return {"keys": keys}


def _subject(one: Any) -> tuple[str, str]:
    kind = one.WhichOneof("subject") or ""
    return kind, getattr(one, kind) if kind else ""


def _cuts(cut_off: CutOff, token: VerifiedToken) -> bool:
    if token.grants_version >= cut_off.grants_version or (cut_off.service and cut_off.service not in token.audiences):
        return False
    held = cut_off.scope == "" or cut_off.scope in token.scopes
    acting = cut_off.scope in ("", "token:exchange")
    return (held and _loses(cut_off, token.subject.name)) or (
        acting and any(_loses(cut_off, actor.name) for actor in token.actors)
    )


def _loses(cut_off: CutOff, name: str) -> bool:
    spared = any(matches_identity(pattern, name) for pattern in cut_off.exceptions)
    return matches_identity(cut_off.identity, name) and not spared
