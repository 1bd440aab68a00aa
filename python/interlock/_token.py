"""Access tokens (RFC 9068) that are bound to their bearer's certificate (RFC 8705, section 3)."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ._certificate import Certificate
from ._errors import denial
from ._names import SpiffeId, parse_spiffe_id
from ._trust import TrustState

MAXIMUM_LIFETIME = 600
EXCHANGE_SCOPE = "token:exchange"
_CLOCK_SKEW = 60
_MAXIMUM_LENGTH = 8_192
_MAXIMUM_ACTORS = 3
_MAXIMUM_KEYS_OF_ONE_NAME = 4
_MAXIMUM_METHODS = 32
_BEARER = re.compile(r"bearer ([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_REFUSED = ("jwk", "jku", "x5u", "x5c", "crit", "b64")
_REQUIRED = ("iss", "aud", "exp", "iat", "sub", "jti", "cnf")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_KEY_MEMBERS = ("kid", "kty", "crv", "x", "y", "n", "e")


@dataclass(frozen=True, eq=False)
class VerifiedToken:
    """The contents of a token whose signature and claims have been verified. Times are seconds since the epoch."""

    jti: str
    #: The bot whose scopes it holds.
    subject: SpiffeId
    #: The bots that act for the subject, the one that shows the token first (RFC 8693, section 4.1).
    actors: tuple[SpiffeId, ...]
    #: The `jti` of each token that it was exchanged from.
    ancestors: tuple[str, ...]
    thumbprint: str
    key: dict[str, Any]
    audiences: frozenset[str]
    scopes: frozenset[str]
    #: The scopes that it holds under conditions on the request only, with those.
    narrowed: dict[str, tuple[str, ...]]
    grants_version: int
    expires_at: float
    #: The id of the delegation under which it was issued; `None` for none.
    delegation: str | None = None
    #: The names of the only methods that may be called with it; `None` for every method that its scopes allow.
    methods: frozenset[str] | None = None
    #: Whether it is for one call that an operator has approved.
    approved: bool = False


def bearer_token(authorization: str) -> str:
    """The token in an `authorization` value (RFC 6750, section 2.1)."""
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise denial("TOKEN_NOT_BEARER")
    return match.group(1)


def verify_token(
    token: str, spiffe_id: SpiffeId, certificate: Certificate, trust: TrustState, now: float
) -> VerifiedToken:
    """Verifies a token and its bearer. Raises a denial with one of the `TOKEN_…` reasons, or `ACTOR_CHAIN_TOO_LONG`.

    Audience, expiry and revocation are looked up on every call.
    """
    kid = _read_header(token)
    claims, key = _verify_signature(token, kid, trust, now)
    exp, iat, nbf = claims["exp"], claims["iat"], claims.get("nbf", 0)
    if exp - iat > MAXIMUM_LIFETIME or exp <= iat:
        raise denial("TOKEN_LIFETIME")
    if exp <= now:
        raise denial("TOKEN_EXPIRED", _clocks_differ("it ended", exp, now))
    if max(iat, nbf) > now + _CLOCK_SKEW:
        raise denial("TOKEN_NOT_YET_VALID", _clocks_differ("it begins", max(iat, nbf), now))
    verified = VerifiedToken(
        subject=_read_identity(claims["sub"], trust.trust_domain),
        jti=_text(claims["jti"]),
        actors=_read_actors(claims, trust.trust_domain),
        ancestors=tuple(_text(one) for one in _list(claims.get("exchanged_from", []))),
        thumbprint=_bound_to(claims["cnf"]),
        key=key,
        audiences=frozenset(_text(one) for one in _as_list(claims["aud"])),
        scopes=frozenset(filter(None, claims["scope"].split(" ")))
        if isinstance(claims.get("scope"), str)
        else frozenset(),
        narrowed=_read_narrowed(claims.get("narrowed_scope", {})),
        grants_version=_version(claims.get("grants_version")),
        expires_at=exp,
        delegation=_filled(claims["delegation"]) if "delegation" in claims else None,
        methods=_methods(claims["methods"]) if "methods" in claims else None,
        approved="approval" in claims and _is_approval(claims["approval"]),
    )
    if verified.actors and verified.actors[0] != spiffe_id:
        raise denial("TOKEN_ACTOR_MISMATCH")
    if not verified.actors and verified.subject != spiffe_id:
        raise denial("TOKEN_SUBJECT_MISMATCH")
    if verified.thumbprint != certificate.thumbprint:
        raise denial("TOKEN_BINDING_MISMATCH")
    return verified


def is_same_key(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return all(a.get(name) == b.get(name) for name in _KEY_MEMBERS)


def read_base64url(text: object) -> bytes | None:
    """Reads base64url in its one canonical form; `None` for every other text."""
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text else None


def _read_header(token: str) -> str:
    if len(token) > _MAXIMUM_LENGTH:
        raise denial("TOKEN_MALFORMED", f"it is longer than {_MAXIMUM_LENGTH} characters")
    parts = token.split(".")
    if len(parts) != 3 or (parts[2] != "" and read_base64url(parts[2]) is None):
        raise denial("TOKEN_MALFORMED")
    header = _json_object(parts[0])
    _utf8(parts[1])
    if header.get("alg") != "ES256":
        raise denial("TOKEN_ALGORITHM")
    for name in _REFUSED:
        if name in header:
            raise denial("TOKEN_HEADER", f'"{name}" is not accepted')
    kid, typ = header.get("kid"), header.get("typ")
    if not isinstance(kid, str):
        raise denial("TOKEN_MALFORMED", 'there is no "kid"')
    if not isinstance(typ, str) or (typ if "/" in typ else f"application/{typ}").lower() != "application/at+jwt":
        raise denial("TOKEN_TYPE")
    return kid


def _verify_signature(token: str, kid: str, trust: TrustState, now: float) -> tuple[dict[str, Any], dict[str, Any]]:
    signed, _, text = token.rpartition(".")
    signature = read_base64url(text) or b""
    keys = [key for key in trust.jwks["keys"] if key.get("kid") == kid and _fits(key)]
    if not keys:
        raise denial("TOKEN_KEY_UNKNOWN")
    for key in keys[:_MAXIMUM_KEYS_OF_ONE_NAME]:
        if _is_signed(signed.encode(), signature, key):
            claims = _json_object(signed.partition(".")[2])
            _check_claims(claims, trust, now)
            return claims, key
    raise denial("TOKEN_SIGNATURE")


def _check_claims(claims: dict[str, Any], trust: TrustState, now: float) -> None:
    if any(name not in claims for name in _REQUIRED):
        raise denial("TOKEN_MALFORMED", "it lacks a required claim")
    if not isinstance(claims["iss"], str) or claims["iss"] not in (trust.issuer, *trust.former_issuers):
        raise denial("TOKEN_ISSUER")
    for name in ("iat", "nbf", "exp"):
        value = claims.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise denial("TOKEN_MALFORMED", f'"{name}" is no number')
    if claims.get("nbf", 0) > int(now) + _CLOCK_SKEW:
        raise denial("TOKEN_NOT_YET_VALID", _clocks_differ("it begins", claims["nbf"], now))
    if claims["exp"] <= int(now) - _CLOCK_SKEW:
        raise denial("TOKEN_EXPIRED", _clocks_differ("it ended", claims["exp"], now))


def _clocks_differ(what: str, at: float, now: float) -> str:
    remedy = f"set the clocks of both machines, for example with NTP; they may be {_CLOCK_SKEW} s apart"
    return f"{what} at {_iso(at)}, and the clock of this machine says {_iso(now)}: {remedy}"


def _iso(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, timezone.utc).isoformat()
    except (OverflowError, ValueError, OSError):
        return str(at)  # Beyond all dates.


def _is_signed(signed: bytes, signature: bytes, key: dict[str, Any]) -> bool:
    if len(signature) != 64:
        return False
    x, y = (int.from_bytes(read_base64url(key[name]) or b"", "big") for name in ("x", "y"))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _fits(key: dict[str, Any]) -> bool:
    """Whether a key of a JWK Set may verify ES256 (RFC 7518, section 6.2), and is public."""
    if key.get("alg", "ES256") != "ES256" or key.get("use", "sig") != "sig":
        return False
    operations = key.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations or any(name in key for name in _PRIVATE):
        return False
    sized = all(len(read_base64url(key.get(name)) or b"") == 32 for name in ("x", "y"))
    return key.get("kty") == "EC" and key.get("crv") == "P-256" and sized


def _utf8(part: str) -> str:
    data = read_base64url(part)
    if data is None:
        raise denial("TOKEN_MALFORMED")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise denial("TOKEN_MALFORMED") from error


def _json_object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_utf8(part), parse_constant=lambda _: _malformed())
    except (ValueError, RecursionError) as error:
        raise denial("TOKEN_MALFORMED") from error
    if not isinstance(value, dict):
        raise denial("TOKEN_MALFORMED")
    return value


def _malformed(detail: str = "") -> Any:
    raise denial("TOKEN_MALFORMED", detail)


def _text(value: object) -> str:
    return value if isinstance(value, str) else _malformed("a claim is no text")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else _malformed("a claim is no list")


def _filled(value: object) -> str:
    return _text(value) or _malformed("a claim is empty")


def _methods(value: object) -> frozenset[str]:
    names = _list(value)
    if len(names) > _MAXIMUM_METHODS:
        raise denial("TOKEN_MALFORMED", f"it names more than {_MAXIMUM_METHODS} methods")
    return frozenset(_text(name) for name in names)


def _is_approval(value: object) -> bool:
    if not isinstance(value, dict):
        raise denial("TOKEN_MALFORMED", "its approval is no object")
    return bool(_filled(value.get("id")) and _filled(value.get("request")))


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _version(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else 0


def _read_narrowed(claim: object) -> dict[str, tuple[str, ...]]:
    """The scopes that a token holds under conditions. Another form never passes for a token without any."""
    if not isinstance(claim, dict):
        raise denial("TOKEN_MALFORMED", "its narrowed scopes are no map of lists of conditions")
    narrowed = {scope: tuple(_text(one) for one in _list(conditions)) for scope, conditions in claim.items()}
    if not all(conditions and all(conditions) for conditions in narrowed.values()):
        raise denial("TOKEN_MALFORMED", "its narrowed scopes are no map of lists of conditions")
    return narrowed


def _bound_to(confirmation: object) -> str:
    thumbprint = confirmation.get("x5t#S256") if isinstance(confirmation, dict) else None
    if not isinstance(thumbprint, str) or thumbprint == "":
        raise denial("TOKEN_BINDING_MISMATCH")
    return thumbprint


def _read_identity(claim: object, trust_domain: str) -> SpiffeId:
    spiffe_id = parse_spiffe_id(claim)
    if spiffe_id is None or spiffe_id.trust_domain != trust_domain:
        raise denial("TOKEN_MALFORMED", "it names no bot of this fleet")
    return spiffe_id


def _read_actors(claims: dict[str, Any], trust_domain: str) -> tuple[SpiffeId, ...]:
    actors: list[SpiffeId] = []
    holder: dict[str, Any] = claims
    while "act" in holder:
        if len(actors) >= _MAXIMUM_ACTORS:
            raise denial("ACTOR_CHAIN_TOO_LONG", f"at most {_MAXIMUM_ACTORS} are allowed")
        act = holder["act"]
        if not isinstance(act, dict):
            raise denial("TOKEN_MALFORMED", '"act" is no actor')
        holder = act
        actors.append(_read_identity(holder.get("sub"), trust_domain))
    return tuple(actors)
