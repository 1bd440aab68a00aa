"""The membership that the authority gives: identity, trust and tokens, each kept current in the background."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import grpc

from ._certificate import prove_chain
from ._channel import BotChannel
from ._errors import InterlockError, denial
from ._files import write_private_file
from ._health import METHOD as HEALTH
from ._identity import Identity, IdentityFolder, create_key_and_csr
from ._join import AUTHORITY, join_fleet, parse_join_token
from ._link import AUTHORITY_METHODS
from ._manifest import Manifest, Method
from ._member import Member
from ._messages import message
from ._names import matches_identity
from ._reporter import Reporter
from ._tokens import Tokens
from ._trust import Clock, Trust, TrustFolder, apply_update
from ._usage import Usage

LOG = logging.getLogger("interlock")
_PACKAGE = "interlock.authority.v1"
_SERVICE = f"{_PACKAGE}.AuthorityService"
_FIRST_WORD_SECONDS = 2.0
_TIMEOUT_SECONDS = 10.0
T = TypeVar("T")

for _name in ("Renew", "Confirm", "IssueToken", "ExchangeToken", "WatchTrust", "Report"):
    _path = f"/{_SERVICE}/{_name}"
    AUTHORITY_METHODS[_path] = Method(_SERVICE, _path, "unary", (), True, "low", (), None, HEALTH.sunset, "", "")


class Membership:
    """A bot's membership of a fleet with an authority."""

    def __init__(
        self, addresses: list[str], name: str, join_token: str | None, folder: Path, manifest: Manifest, clock: Clock
    ) -> None:
        self._name = name
        self._folder = folder
        self._addresses = addresses
        self._clock = clock
        self._identities = IdentityFolder(folder)
        self._trust_folder = TrustFolder(folder)
        self._ending = threading.Event()
        self._hurry = threading.Event()
        self._heard = threading.Event()
        self._saving = threading.Lock()
        self._identity, self.trust = self._restore(join_token) or self._enter(join_token)
        self.member = Member(
            self.identity, self._identities.path, self.trust, Tokens(self._fetch_token, clock), manifest, clock
        )
        self._channels = [BotChannel(self.member, address, (AUTHORITY,)) for address in addresses]
        self._watched: Any = None
        self._reporter = Reporter(self._call, manifest, clock)
        self._cut_offs = self._latest_cut_off()
        self.trust.on_change(self._changed)
        self.trust.refetch_with(self._refetch)
        self._threads = [
            threading.Thread(target=work, name=f"interlock-{work.__name__.strip('_')}", daemon=True)
            for work in (self._follow_trust, self._renew_always, self._report_always)
        ]
        for thread in self._threads:
            thread.start()
        if self.trust.is_stale():
            self._heard.wait(_FIRST_WORD_SECONDS)
        self._save_profile()

    def identity(self) -> Identity:
        """The identity now; the certificate is renewed."""
        return self._identity

    @property
    def usage(self) -> Usage:
        """What counts the calls of this bot."""
        return self._reporter.usage

    def serving(self, services: set[str], address: str) -> None:
        """Puts services into the fleet's directory."""
        self._reporter.serving(services, address)

    def not_serving(self, services: set[str]) -> None:
        self._reporter.not_serving(services)

    def close(self) -> None:
        """Leaves: reports and saves a last time. A renewal under way is completed."""
        self._ending.set()
        self._hurry.set()
        if self._watched:
            self._watched.cancel()
        for thread in self._threads:
            thread.join(_TIMEOUT_SECONDS)
        self._save_trust()
        for channel in self._channels:
            channel.close()

    def _restore(self, join_token: str | None) -> tuple[Identity, Trust] | None:
        identity, saved = self._identities.load(), self._trust_folder.load()
        if identity is None or saved is None:
            return None
        if identity.spiffe_id.name != self._name:
            held = identity.spiffe_id.name
            raise InterlockError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"{self._folder} holds the identity of {held}, and this is {self._name}: choose another folder.",
            )
        state, heard_at = saved
        token = parse_join_token(join_token) if join_token else None
        roots = {_digest(one) for one in state.ca_certificates}
        if token and token.ca_digest not in roots:
            return None  # A join token of another authority: the saved state belongs to a fleet that is gone.
        if self._clock() >= identity.certificate.not_after:
            return None
        return identity, Trust(state, self._clock, heard_at)

    def _enter(self, join_token: str | None) -> tuple[Identity, Trust]:
        if not join_token:
            raise InterlockError(
                grpc.StatusCode.UNAUTHENTICATED,
                f"There is no valid identity for {self._name} in {self._folder}: "
                f'get a join token with "interlock invite {self._name}" and pass it as join_token.',
            )

        def join(address: str) -> tuple[Identity, Trust]:
            identity, state = join_fleet(address, self._name, join_token, self._clock)
            return identity, Trust(state, self._clock)

        identity, trust = _at_any(self._addresses, join)
        self._trust_folder.save(trust)
        self._identities.save(identity)
        return identity, trust

    def _call(self, name: str, request: Any, timeout: float = _TIMEOUT_SECONDS) -> Any:
        def ask(channel: BotChannel) -> Any:
            call = channel.unary_unary(
                f"/{_SERVICE}/{name}",
                request_serializer=type(request).SerializeToString,
                response_deserializer=message(f"{_PACKAGE}.{name}Response").FromString,
            )
            try:
                return call(request, timeout=timeout)
            except grpc.RpcError as error:
                raise InterlockError.of(error) from error
            except InterlockError as error:
                if error.reason == "SERVER_UNREACHABLE":
                    raise denial("AUTHORITY_UNREACHABLE", f"is it up at {channel.connector.address}?") from error
                raise

        return _at_any(self._channels, ask)

    def _fetch_token(self, audience: str, scopes: tuple[str, ...], identity: Identity) -> tuple[str, float]:
        if identity.chain[0] != self._identity.chain[0]:
            raise InterlockError(grpc.StatusCode.UNAVAILABLE, "The certificate has been renewed: call again.")
        request = message(f"{_PACKAGE}.IssueTokenRequest")(audience=audience, scopes=scopes, allow_empty=True)
        answer = self._call("IssueToken", request)
        return answer.token, answer.expires_at.ToMilliseconds() / 1_000

    # Trust

    def _follow_trust(self) -> None:
        usual, pause, complete = 0.4, 0.4, False
        while not self._ending.is_set():
            for channel in self._channels:
                try:
                    for update in self._watch(channel, 0 if complete else self.trust.state.version):
                        pause = usual
                        self._take(update)
                        complete = False
                        self._heard.set()
                except Exception as error:
                    if self._ending.is_set():
                        return
                    failure = InterlockError.of(error)
                    LOG.warning("trust feed interrupted: %s (stale: %s)", failure, self.trust.is_stale())
                    revoked = failure.reason in ("IDENTITY_REVOKED", "CERTIFICATE_REVOKED")
                    pause = max(pause, 10.0) if revoked else pause
                    complete = True  # The complete trust repairs every fault.
                self._heard.set()
                self._ending.wait(pause * random.uniform(0.8, 1.2))
                pause = min(pause * 2, 60.0 if pause >= 10.0 else 15.0)

    def _watch(self, channel: BotChannel, version: int) -> Any:
        request = message(f"{_PACKAGE}.WatchTrustRequest")(version=version)
        call = channel.unary_stream(
            f"/{_SERVICE}/WatchTrust",
            request_serializer=type(request).SerializeToString,
            response_deserializer=message(f"{_PACKAGE}.WatchTrustResponse").FromString,
        )
        watched = self._watched = call(request)
        # The authority gives three signs of life in the bound: a feed that is silent for two of them is left.
        timer = threading.Timer(self.trust.state.stale_after * 2 / 3, watched.cancel)
        try:
            while True:
                timer.daemon = True
                timer.start()
                update = next(watched, None)
                timer.cancel()
                if update is None:
                    return
                yield update
                timer = threading.Timer(self.trust.state.stale_after * 2 / 3, watched.cancel)
        finally:
            timer.cancel()
            watched.cancel()

    def _take(self, update: Any) -> None:
        state = self.trust.state
        if update.applies_to == 0 or update.results_in > state.version:
            self.trust.replace(apply_update(state, update))
            self._save_trust()
        else:
            self.trust.touch()

    def _refetch(self) -> None:
        request = message(f"{_PACKAGE}.WatchTrustRequest")(version=self.trust.state.version)
        call = self._channels[0].unary_stream(
            f"/{_SERVICE}/WatchTrust",
            request_serializer=type(request).SerializeToString,
            response_deserializer=message(f"{_PACKAGE}.WatchTrustResponse").FromString,
        )(request, timeout=2.0)
        try:
            self._take(next(call))
        finally:
            call.cancel()

    def _save_trust(self) -> None:
        with self._saving:
            try:
                self._trust_folder.save(self.trust)
            except OSError as error:  # The update is in force already; saving is for the next start.
                LOG.error("trust not saved: %s", error)

    def _changed(self) -> None:
        for cut_off in self.trust.state.cut_offs:
            if cut_off.grants_version > self._cut_offs and matches_identity(cut_off.identity, self._name):
                services = [cut_off.service] if cut_off.service else list(self.member.manifest.services)
                for service in services:
                    self.member.tokens.forget(service)
        self._cut_offs = max(self._cut_offs, self._latest_cut_off())
        if not self._is_below_active():
            self._hurry.set()

    def _latest_cut_off(self) -> int:
        return max((one.grants_version for one in self.trust.state.cut_offs), default=0)

    # Certificate

    def _renew_always(self) -> None:
        since = self._identity.certificate.not_before
        due = _renewal_time(self._identity, since)
        pause = 0.4
        while not self._ending.is_set():
            self._hurry.wait(max(0.05, due - self._clock()))
            if self._ending.is_set():
                return
            if self._hurry.is_set():
                self._hurry.clear()
                if not self._is_below_active():
                    left = self._identity.certificate.not_after - since
                    due = min(due, self._clock() + left * 0.1 * random.random())
            if self._clock() < due:
                continue
            try:
                identity = self._renew()
                since = self._clock()
                due = _renewal_time(identity, since)
                pause = 0.4
                self._identity = identity
                self._call("Confirm", message(f"{_PACKAGE}.ConfirmRequest")())
            except Exception as error:
                LOG.warning("certificate not renewed: %s", InterlockError.of(error))
                self._ending.wait(pause)
                pause = min(pause * 2, 15.0)

    def _renew(self) -> Identity:
        """Renews with a new key. The certificate is on the disk before it is used: after its first use, the authority
        treats a renewal over the old one as a clone's."""
        with self._identities.exclusively():
            saved, current = self._identities.load(), self._identity
            if (
                saved
                and saved.certificate.serial != current.certificate.serial
                and saved.certificate.not_after >= current.certificate.not_after
            ):
                return saved  # Another process of this bot has renewed it.
            key, csr = create_key_and_csr(current.spiffe_id.uri)
            answer = self._call("Renew", message(f"{_PACKAGE}.RenewRequest")(csr=csr))
            identity = Identity(key, tuple(answer.certificate.chain))
            if not identity.chain or identity.spiffe_id != current.spiffe_id:
                raise InterlockError(grpc.StatusCode.INTERNAL, "The authority renewed another bot's certificate.")
            self._identities.save(identity)
            return identity

    def _is_below_active(self) -> bool:
        state = self.trust.state
        if not state.active_ca:
            return True
        chain = prove_chain(list(self._identity.chain), state.ca_certificates, state.trust_domain, self._clock(), [])
        return chain is not None and _thumbprint(chain[-1]) == state.active_ca

    def _report_always(self) -> None:
        self._reporter.run(self._ending)

    def _save_profile(self) -> None:
        profile = {"authority": ",".join(self._addresses), "name": self._name}
        path = self._folder / "profile.json"
        try:
            if not path.exists() or json.loads(path.read_text("utf-8")) != profile:
                write_private_file(path, json.dumps(profile, indent=2) + "\n")
        except (OSError, ValueError) as error:
            LOG.warning("authority not saved: %s", error)


def _renewal_time(identity: Identity, since: float) -> float:
    """Halfway between `since` and the end, ±10 %."""
    return since + (identity.certificate.not_after - since) * random.uniform(0.4, 0.6)


def _at_any(choices: list[Any], ask: Callable[[Any], T]) -> T:
    """Asks the first that can answer."""
    for last, choice in enumerate(choices, 1):
        try:
            return ask(choice)
        except InterlockError as error:
            if last == len(choices) or error.code is not grpc.StatusCode.UNAVAILABLE:
                raise
    raise ValueError("there is no address of an authority")


def _digest(der: bytes) -> bytes:
    return hashlib.sha256(der).digest()


def _thumbprint(der: bytes) -> str:
    return base64.urlsafe_b64encode(_digest(der)).rstrip(b"=").decode()
