"""The attacks with tokens that the security contract lists, on the Python check: python3 interlock_check_test.py"""

import base64
import hashlib
import hmac
import json
import time
import unittest

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from interlock_check import Unauthenticated, bearer, check_peer, check_token

ISSUER = "spiffe://lab/interlock/authority"
CALLER = "spiffe://lab/thermometer/1"
SERVICE = "lab.vision.v1.VisionService"
THUMBPRINT = "A" * 43
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
TRUST = {
    "trustDomain": "lab",
    "issuer": ISSUER,
    "jwks": {"keys": [{**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key())), "kid": "1"}]},
    "revocations": [{"kind": "token", "subject": "revoked"}, {"kind": "identity", "subject": "spiffe://lab/lost/1"}],
}


def claims(**changes):
    """The claims of a good token, with `changes`; None removes a claim."""
    now = int(time.time())
    good = {"iss": ISSUER, "sub": CALLER, "aud": SERVICE, "iat": now, "exp": now + 300, "jti": "1"}
    good.update({"scope": "vision:look", "cnf": {"x5t#S256": THUMBPRINT}})
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def sign(payload, key=KEY, **header):
    return jwt.encode(payload, key, "ES256", {"typ": "at+jwt", "kid": "1", **header})


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def signed_with_public_key():
    """HS256, with the public key as the secret."""
    text = encoded(b'{"alg":"HS256","typ":"at+jwt","kid":"1"}') + b"." + encoded(json.dumps(claims()).encode())
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return (text + b"." + encoded(hmac.new(public, text, hashlib.sha256).digest())).decode()


class InterlockCheckTest(unittest.TestCase):
    def refuses(self, token, reason):
        with self.assertRaises(Unauthenticated) as caught:
            check_token(token, TRUST, SERVICE, CALLER, THUMBPRINT)
        self.assertEqual(str(caught.exception), reason)

    def test_takes_a_good_token(self):
        self.assertEqual(check_token(sign(claims()), TRUST, SERVICE, CALLER, THUMBPRINT), {"vision:look"})

    def test_refuses_another_signature(self):
        self.refuses(sign(claims(), OTHER_KEY), "TOKEN_SIGNATURE")
        self.refuses(sign(claims(), kid="2"), "TOKEN_KEY_UNKNOWN")
        self.refuses(jwt.encode(claims(), None, "none", {"typ": "at+jwt", "kid": "1"}), "TOKEN_ALGORITHM")
        self.refuses(signed_with_public_key(), "TOKEN_ALGORITHM")
        self.refuses("not.a.token", "TOKEN_MALFORMED")

    def test_refuses_headers_that_bring_keys(self):
        for name in ("jwk", "jku", "x5u", "x5c"):
            self.refuses(sign(claims(), **{name: ["x"]}), "TOKEN_HEADER")
        with self.assertRaises(Unauthenticated):  # Some versions of the library refuse it themselves.
            check_token(sign(claims(), crit=["x"]), TRUST, SERVICE, CALLER, THUMBPRINT)
        self.refuses(sign(claims(), typ="JWT"), "TOKEN_TYPE")

    def test_refuses_wrong_claims(self):
        now = int(time.time())
        self.refuses(sign(claims(iss="spiffe://lab/other")), "TOKEN_ISSUER")
        self.refuses(sign(claims(aud="lab.vision.v1.Other")), "TOKEN_AUDIENCE")
        self.refuses(sign(claims(iat=now - 400, exp=now - 100)), "TOKEN_EXPIRED")
        self.refuses(sign(claims(nbf=now + 100)), "TOKEN_NOT_YET_VALID")
        self.refuses(sign(claims(exp=now + 301)), "TOKEN_LIFETIME")
        self.refuses(sign(claims(jti="revoked")), "TOKEN_REVOKED")
        for name in ("iss", "aud", "exp", "iat", "sub", "jti", "cnf"):
            self.refuses(sign(claims(**{name: None})), "TOKEN_MALFORMED")

    def test_refuses_a_stolen_token(self):
        self.refuses(sign(claims(sub="spiffe://lab/thermometer/2")), "TOKEN_SUBJECT_MISMATCH")
        self.refuses(sign(claims(cnf={"x5t#S256": "B" * 43})), "TOKEN_BINDING_MISMATCH")
        for cnf in ({}, "A" * 43, {"x5t#S256": ""}, {"x5t#S256": "00" * 32}):
            self.refuses(sign(claims(cnf=cnf)), "TOKEN_BINDING_MISMATCH")

    def test_refuses_what_is_not_one_bearer_token(self):
        for values, reason in (
            ([], "TOKEN_MISSING"),
            (["Bearer a", "Bearer b"], "TOKEN_DUPLICATED"),
            (["Basic a"], "TOKEN_NOT_BEARER"),
        ):
            with self.assertRaisesRegex(Unauthenticated, reason):
                bearer(values)

    def test_refuses_certificates_without_an_identity_of_the_fleet(self):
        for ids in ([], [b"spiffe://other/thermometer/1"], [b"spiffe://lab/a", b"spiffe://lab/b"]):
            with self.assertRaisesRegex(Unauthenticated, "CERTIFICATE_WITHOUT_SPIFFE_ID"):
                check_peer({"peer_spiffe_id": ids}, TRUST)


if __name__ == "__main__":
    unittest.main()
