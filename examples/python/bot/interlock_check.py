"""The checks of an Interlock bot, for a grpcio server that requires client certificates.

TLS has already verified the caller's chain. This module checks its SPIFFE ID, its token, and the method's scopes.
Not done here: rates, sunsets, a stale trust feed, and ending the open streams of a revoked caller.
"""

import base64
import hashlib
import json
import ssl
from pathlib import Path

import grpc
import jwt
from reason import refuse

KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
REASONS = {
    jwt.ExpiredSignatureError: "TOKEN_EXPIRED",
    jwt.ImmatureSignatureError: "TOKEN_NOT_YET_VALID",
    jwt.InvalidAudienceError: "TOKEN_AUDIENCE",
    jwt.InvalidIssuerError: "TOKEN_ISSUER",
    jwt.InvalidSignatureError: "TOKEN_SIGNATURE",
}


class Unauthenticated(Exception):
    """A denial; its text is the reason."""


class InterlockCheck(grpc.ServerInterceptor):
    """Admits calls that the policies in `manifest` allow, with the trust in `folder`."""

    def __init__(self, folder, manifest):
        self._trust_file = Path(folder) / "trust.json"
        services = json.loads(Path(manifest).read_text())["services"]
        self._policies = {method["path"]: method["policy"] for service in services for method in service["methods"]}
        if any(policy["callers"] for policy in self._policies.values()):
            raise ValueError("a policy names callers, which this check does not support")

    def intercept_service(self, continuation, details):
        handler = continuation(details)
        policy = self._policies.get(details.method)
        if handler is None or policy is None:
            return None  # A method without a policy is not served.
        kind = next(kind for kind in KINDS if getattr(handler, kind))
        behavior = getattr(handler, kind)

        def checked(request, context):
            self._admit(details, policy, context)
            return behavior(request, context)

        return handler._replace(**{kind: checked})

    def _admit(self, details, policy, context):
        try:
            trust = json.loads(self._trust_file.read_text())
            spiffe_id, thumbprint = check_peer(context.auth_context(), trust)
            if policy["anyBot"]:
                return
            authorization = [value for key, value in details.invocation_metadata if key == "authorization"]
            audience = details.method.split("/")[1]
            held = check_token(bearer(authorization), trust, audience, spiffe_id, thumbprint)
        except Unauthenticated as error:
            refuse(context, grpc.StatusCode.UNAUTHENTICATED, str(error), f"The call is refused: {error}.")
        if not held.issuperset(policy["scopes"]):
            needed, has = " ".join(policy["scopes"]), " ".join(sorted(held))
            text = f'The token lacks a scope: the method needs "{needed}", and it holds "{has}".'
            refuse(context, grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING", text, needed=needed, held=has)


def check_peer(peer, trust):
    """The SPIFFE ID in the caller's certificate, and the certificate's thumbprint (RFC 8705, section 3.1)."""
    ids = peer.get("peer_spiffe_id", [])  # Present if the certificate has one URI, and it is a SPIFFE ID.
    spiffe_id = ids[0].decode() if len(ids) == 1 else ""
    if not spiffe_id.startswith(f"spiffe://{trust['trustDomain']}/"):
        raise Unauthenticated("CERTIFICATE_WITHOUT_SPIFFE_ID")
    der = ssl.PEM_cert_to_DER_cert(peer["x509_pem_cert"][0].decode())
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    if is_revoked(trust, "identity", spiffe_id):
        raise Unauthenticated("IDENTITY_REVOKED")
    return spiffe_id, thumbprint


def bearer(authorization):
    """The token in the single `authorization` value."""
    if len(authorization) != 1:
        raise Unauthenticated("TOKEN_DUPLICATED" if authorization else "TOKEN_MISSING")
    scheme, _, token = authorization[0].partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("TOKEN_NOT_BEARER")
    return token


def check_token(token, trust, audience, spiffe_id, thumbprint):
    """The scopes of a token (RFC 9068) that is signed for this service, this caller and this certificate."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != "ES256":
            raise Unauthenticated("TOKEN_ALGORITHM")
        if str(header.get("typ")).lower() != "at+jwt":
            raise Unauthenticated("TOKEN_TYPE")
        if header.keys() & {"jwk", "jku", "x5u", "x5c", "crit"}:
            raise Unauthenticated("TOKEN_HEADER")
        key = next((key for key in trust["jwks"]["keys"] if key["kid"] == header.get("kid")), None)
        if key is None:
            raise Unauthenticated("TOKEN_KEY_UNKNOWN")
        required = {"require": ["iss", "aud", "exp", "iat", "sub", "jti", "cnf"]}
        verified = {"algorithms": ["ES256"], "issuer": trust["issuer"], "audience": audience, "options": required}
        claims = jwt.decode(token, jwt.PyJWK(key).key, **verified)
    except jwt.PyJWTError as error:
        raise Unauthenticated(REASONS.get(type(error), "TOKEN_MALFORMED")) from error
    if claims["exp"] - claims["iat"] > 300:
        raise Unauthenticated("TOKEN_LIFETIME")
    if claims["sub"] != spiffe_id:
        raise Unauthenticated("TOKEN_SUBJECT_MISMATCH")
    if not isinstance(claims["cnf"], dict) or claims["cnf"].get("x5t#S256") != thumbprint:
        raise Unauthenticated("TOKEN_BINDING_MISMATCH")
    if is_revoked(trust, "token", claims["jti"]):
        raise Unauthenticated("TOKEN_REVOKED")
    return set(claims.get("scope", "").split())


def is_revoked(trust, kind, subject):
    return any(entry["kind"] == kind and entry["subject"] == subject for entry in trust["revocations"])
