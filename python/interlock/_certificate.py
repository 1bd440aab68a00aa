"""Certificates: what is read from their DER, and how a peer is judged by it (X.509-SVID, sections 4 and 5)."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from . import _der as der
from ._names import SpiffeId, parse_spiffe_id

CLIENT_AUTH, SERVER_AUTH = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"
MAXIMUM_CHAIN_LENGTH = 8
MAXIMUM_CERTIFICATE_BYTES = 100 * 1_024
_MAXIMUM_ISSUERS = 8

_PROCESSED = {f"2.5.29.{last}" for last in (19, 15, 37, 17, 30, 32, 36, 54)}
_NAME_TAGS = {0xA0, 0x81, 0x82, 0xA3, 0xA4, 0xA5, 0x86, 0x87, 0x88}
_URI, _DNS = 0x86, 0x82

_EC, _RSA, _RSA_PSS = "1.2.840.10045.2.1", "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"
_EDWARDS = {"1.3.101.112", "1.3.101.113"}
_CURVES = {"1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"}
_HASHES = {"2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"}
_SIGNATURES = {f"1.2.840.10045.4.3.{n}" for n in (2, 3, 4)} | {f"1.2.840.113549.1.1.{n}" for n in (11, 12, 13)}


@dataclass(frozen=True, eq=False)
class Certificate:
    """The parts of a certificate by which something is decided. Times are seconds since the epoch."""

    der: bytes
    #: SHA-256 of the DER, base64url: the value of `cnf.x5t#S256` (RFC 8705, section 3.1).
    thumbprint: str
    #: In lower-case hex, without leading zeros.
    serial: str
    not_before: float
    not_after: float
    uris: tuple[str, ...]
    #: For gRPC's comparison of host names. Nothing is decided by them here.
    dns_names: tuple[str, ...]
    is_ca: bool
    path_length: float
    may_sign: bool
    may_issue: bool
    may_authenticate: bool
    strong_key: bool
    strong_signature: bool
    self_issued: bool
    usages: tuple[str, ...]


@lru_cache(maxsize=1_024)
def parse_certificate(data: bytes) -> Certificate:
    """Reads a certificate. Raises `ValueError` when it is malformed."""
    if len(data) > MAXIMUM_CERTIFICATE_BYTES:
        raise ValueError("the certificate is too long")
    if b"-----BEGIN" in data:
        raise ValueError("the certificate has another one in it")  # Readers that look for PEM find that one.
    fields = der.list_of(der.read_der(data))
    if not fields:
        raise ValueError("the certificate is empty")
    serial, algorithm, issuer, times, subject, key, extension_list = der.read_sequence(fields[0], _read_signed)
    _load(data)  # The rest is for a whole parser: names, key, algorithms.
    extensions = _read_extensions(extension_list)
    usage = _key_usage(extensions["2.5.29.15"]) if "2.5.29.15" in extensions else None
    is_ca, path_length = (
        der.read_sequence(extensions["2.5.29.19"], _read_constraints)
        if "2.5.29.19" in extensions
        else (False, INFINITE)
    )
    names = _names(extensions.get("2.5.29.17"))
    return Certificate(
        der=data,
        thumbprint=base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(),
        serial=serial.content.hex().lstrip("0") or "0",
        not_before=times[0],
        not_after=times[1],
        uris=tuple(_ascii(name.content) for name in names if name.tag == _URI),
        dns_names=tuple(n.content.decode("latin1") for n in names if n.tag == _DNS),
        is_ca=is_ca,
        path_length=path_length,
        may_sign=((usage or 0) & 0b0000_0110) != 0,
        may_issue=usage is None or (usage & 0b0000_0100) != 0,
        may_authenticate=usage is None or (usage & 0b1000_0000) != 0,
        strong_key=_is_strong_key(key),
        strong_signature=_is_strong_signature(algorithm),
        self_issued=issuer.content == subject.content,
        usages=tuple(der.oid_of(one) for one in der.list_of(extensions["2.5.29.37"]))
        if "2.5.29.37" in extensions
        else (),
    )


INFINITE = float("inf")


def check_certificate(certificate: Certificate, peer: str, trust_domain: str, now: float) -> SpiffeId | str:
    """Checks a leaf for the side "client" or "server". Gives its identity, or the reason why it has none."""
    if now >= certificate.not_after:
        return "CERTIFICATE_EXPIRED"
    if now < certificate.not_before:
        return "CERTIFICATE_NOT_YET_VALID"
    if certificate.is_ca or certificate.may_sign:
        return "CERTIFICATE_IS_CA"
    usage = CLIENT_AUTH if peer == "client" else SERVER_AUTH
    if usage not in certificate.usages or not certificate.may_authenticate:
        return "CERTIFICATE_WRONG_USAGE"
    if not certificate.strong_key or not certificate.strong_signature:
        return "CERTIFICATE_WEAK"
    spiffe_id = parse_spiffe_id(certificate.uris[0]) if len(certificate.uris) == 1 else None
    if spiffe_id is None:
        return "CERTIFICATE_WITHOUT_SPIFFE_ID"
    return spiffe_id if spiffe_id.trust_domain == trust_domain else "TRUST_DOMAIN_MISMATCH"


@dataclass(frozen=True)
class Peer:
    """The verified identity at the other end of a connection, and its proved chain: the leaf first, the root last."""

    spiffe_id: SpiffeId
    certificate: Certificate
    chain: tuple[bytes, ...]


def verify_peer(
    found: list[bytes], peer: str, trust_domain: str, now: float, ca_certificates: tuple[bytes, ...]
) -> Peer | str:
    """Verifies the certificates that a peer has shown, DER, the leaf first: the leaf, then a chain to a CA.

    Gives the peer, or the reason for which it is refused. TLS has proved that the peer holds the key.
    """
    if not found:
        return "NO_CERTIFICATE"
    if len(found) > MAXIMUM_CHAIN_LENGTH:
        return "CERTIFICATE_UNTRUSTED"
    try:
        certificate = parse_certificate(found[0])
    except ValueError:
        return "CERTIFICATE_MALFORMED"
    spiffe_id = check_certificate(certificate, peer, trust_domain, now)
    if isinstance(spiffe_id, str):
        return spiffe_id
    faults: list[str] = []
    chain = prove_chain(found, ca_certificates, trust_domain, now, faults)
    if chain is None:
        return faults[0] if faults else "CERTIFICATE_UNTRUSTED"
    return Peer(spiffe_id, certificate, chain)


def prove_chain(
    found: list[bytes], ca_certificates: tuple[bytes, ...], trust_domain: str, now: float, faults: list[str]
) -> tuple[bytes, ...] | None:
    """Finds a chain by signatures from `found[0]` to one of the CAs, with good issuers; 32 signatures at most."""
    left = 32

    def issued(below: bytes, above: bytes) -> bool:
        nonlocal left
        try:
            low, high = _load(below), _load(above)
            issuer = parse_certificate(above)
        except ValueError:
            return False
        if low.issuer != high.subject or not issuer.not_before <= now < issuer.not_after:
            return False
        left -= 1
        return left >= 0 and _is_signed(low, high)

    def climb(chain: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
        if len(chain) > _MAXIMUM_ISSUERS:
            return None
        for root in ca_certificates:
            if issued(chain[-1], root):
                fault = _check_issuers((*chain[1:], root), trust_domain)
                if fault is None:
                    return (*chain, root)
                faults.append(fault)
        for other in found[1:]:
            if other in chain or other in ca_certificates or not issued(chain[-1], other):
                continue
            whole = climb((*chain, other))
            if whole:
                return whole
        return None

    return climb((found[0],))


def _check_issuers(issuers: tuple[bytes, ...], trust_domain: str) -> str | None:
    below = 0
    for index, data in enumerate(issuers):
        certificate = parse_certificate(data)
        if not certificate.is_ca or not certificate.may_issue or below > certificate.path_length:
            return "CERTIFICATE_UNTRUSTED"
        is_root = index == len(issuers) - 1  # A root is believed for itself, not for its signature.
        if not certificate.strong_key or not (is_root or certificate.strong_signature):
            return "CERTIFICATE_WEAK"
        named = [uri for uri in certificate.uris if uri.lower().startswith("spiffe:")]
        if any(uri != f"spiffe://{trust_domain}" for uri in named):
            return "TRUST_DOMAIN_MISMATCH"
        below += 0 if certificate.self_issued else 1
    return None


@lru_cache(maxsize=1_024)
def _load(data: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(data)
    except Exception as error:
        raise ValueError("the certificate cannot be read") from error


def _is_signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    key: Any = issuer.public_key()
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        algorithm = certificate.signature_hash_algorithm
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            pss = certificate.signature_algorithm_oid.dotted_string == _RSA_PSS
            salted: Any = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO) if pss else padding.PKCS1v15()
            key.verify(signature, signed, salted, algorithm)
        else:
            key.verify(signature, signed)
    except Exception:
        return False
    return True


def _read_signed(fields: der.Fields) -> tuple[Any, ...]:
    version = fields.optional(0xA0)
    if version is None or version.content != b"\x02\x01\x02":
        raise ValueError("the certificate is not of version 3")
    serial = fields.next(der.INTEGER)
    algorithm = fields.next(der.SEQUENCE)
    issuer = fields.next(der.SEQUENCE)
    times = der.read_sequence(fields.next(der.SEQUENCE), lambda both: (_time(both), _time(both)))
    subject = fields.next(der.SEQUENCE)
    key = fields.next(der.SEQUENCE)
    fields.optional(0x81)
    fields.optional(0x82)
    extensions = fields.optional(0xA3)
    return serial, algorithm, issuer, times, subject, key, extensions.children[0] if extensions else None


def _read_extensions(extension_list: der.Element | None) -> dict[str, der.Element | None]:
    values: dict[str, der.Element | None] = {}
    for extension in der.list_of(extension_list) if extension_list else []:
        identifier, critical, value = der.read_sequence(
            extension,
            lambda fields: (
                der.oid_of(fields.next(der.OID)),
                der.is_true(fields.optional(der.BOOLEAN)),
                fields.next(der.OCTET_STRING).content,
            ),
        )
        if identifier in values:
            raise ValueError("an extension stands in the certificate twice")
        if critical and identifier not in _PROCESSED:
            raise ValueError(f"the certificate has the critical extension {identifier}, which is not known here")
        values[identifier] = der.read_der(value) if identifier.startswith("2.5.29.") else None
    return values


def _names(value: der.Element | None) -> list[der.Element]:
    names = der.list_of(value) if value else []
    if any(name.tag not in _NAME_TAGS for name in names):
        raise ValueError("a name in the certificate is of no known kind")
    return names


def _ascii(content: bytes) -> str:
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        raise ValueError("a URI in the certificate is not ASCII") from error


def _read_constraints(fields: der.Fields) -> tuple[bool, float]:
    is_ca = der.is_true(fields.optional(der.BOOLEAN))
    length = fields.optional(der.INTEGER)
    if length is None:
        return is_ca, INFINITE
    if not length.content or length.content[0] & 0x80:
        raise ValueError("the path length in the certificate is negative")
    return is_ca, int.from_bytes(length.content, "big")


def _key_usage(value: der.Element | None) -> int:
    data = der.bits_of(der.expect(value, der.BIT_STRING))
    return data[0] if data else 0


def _time(fields: der.Fields) -> float:
    element = fields.optional(der.UTC_TIME) or fields.next(der.GENERALIZED_TIME)
    digits = element.content.decode("latin1")
    if element.tag == der.UTC_TIME:
        digits = ("20" if digits < "5" else "19") + digits
    if not re.fullmatch(r"[0-9]{14}Z", digits):
        raise ValueError("the certificate's validity cannot be read")
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()


def _algorithm(element: der.Element) -> tuple[str, der.Element | None]:
    parts = der.list_of(element)
    if not parts:
        raise ValueError("an algorithm in the certificate has no identifier")
    return der.oid_of(parts[0]), parts[1] if len(parts) > 1 else None


def _is_strong_key(spki: der.Element) -> bool:
    algorithm, key = der.read_sequence(spki, lambda f: (f.next(der.SEQUENCE), f.next(der.BIT_STRING)))
    identifier, parameters = _algorithm(algorithm)
    if identifier in _EDWARDS:
        return True
    if identifier == _EC:
        return parameters is not None and parameters.tag == der.OID and der.oid_of(parameters) in _CURVES
    if identifier != _RSA and (identifier != _RSA_PSS or (parameters and not _is_pss_with_sha2(parameters))):
        return False
    modulus, exponent = der.read_sequence(
        der.read_der(der.bits_of(key)), lambda f: (f.next(der.INTEGER), f.next(der.INTEGER))
    )
    return _is_sound_rsa(int.from_bytes(modulus.content, "big", signed=True), int.from_bytes(exponent.content, "big"))


def _is_sound_rsa(modulus: int, exponent: int) -> bool:
    sized = modulus > 0 and 2_048 <= modulus.bit_length() <= 8_192 and exponent.bit_length() <= 64
    return sized and exponent >= 65_537 and exponent % 2 == 1 and modulus % 2 == 1


def _is_strong_signature(algorithm: der.Element) -> bool:
    identifier, parameters = _algorithm(algorithm)
    if identifier == _RSA_PSS:
        return parameters is not None and _is_pss_with_sha2(parameters)
    return identifier in _EDWARDS or identifier in _SIGNATURES


def _is_pss_with_sha2(parameters: der.Element) -> bool:
    for element in der.list_of(parameters):
        if element.tag == 0xA0 and element.children:
            return _algorithm(element.children[0])[0] in _HASHES
    return False
