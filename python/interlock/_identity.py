"""The identity of a bot: its key, its certificate, and the folder in which they are kept."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ._certificate import Certificate, parse_certificate
from ._files import certificates_from_pem, certificates_to_pem, exclusively, write_private_file
from ._names import SpiffeId, parse_spiffe_id

_KEY = re.compile(r"-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?")


@dataclass(frozen=True)
class Identity:
    """A private key (PKCS #8, PEM) with its certificate chain (DER, the leaf first)."""

    private_key: str
    chain: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Identity({self.spiffe_id.uri})"  # Never the key.

    @property
    def certificate(self) -> Certificate:
        """The leaf."""
        return parse_certificate(self.chain[0])

    @property
    def spiffe_id(self) -> SpiffeId:
        """The identity in the leaf."""
        uris = self.certificate.uris
        spiffe_id = parse_spiffe_id(uris[0]) if len(uris) == 1 else None
        if spiffe_id is None:
            raise ValueError("the certificate holds no SPIFFE ID")
        return spiffe_id

    @property
    def pem(self) -> str:
        """Key and chain as one text."""
        return self.private_key + certificates_to_pem(self.chain)


def create_key_and_csr(uri: str) -> tuple[str, bytes]:
    """Makes a P-256 key (PKCS #8, PEM), and a request (PKCS #10, DER) for a certificate with this SPIFFE ID."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=False)
    csr = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), csr


class IdentityFolder:
    """Keeps an identity as one file, `identity.pem`, so that key and certificates always belong together."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "identity.pem"

    def load(self) -> Identity | None:
        """The identity that was saved last; `None` when there is none. Raises when it cannot be read."""
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        key, chain = _KEY.search(text), certificates_from_pem(text)
        if key is None or not chain or not _belong_together(key.group(), chain[0]):
            raise ValueError(f"{self.path} holds no private key with its certificate. Move it away and join again.")
        return Identity(key.group(), tuple(chain))

    def save(self, identity: Identity) -> None:
        """Replaces the saved identity."""
        write_private_file(self.path, identity.pem)

    def exclusively(self) -> AbstractContextManager[None]:
        """Keeps out every other process that shares the folder."""
        return exclusively(self.path.with_name("identity.pem.lock"))


def _belong_together(key: str, leaf: bytes) -> bool:
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        mine = serialization.load_pem_private_key(key.encode(), None).public_key().public_bytes(*form)
        return mine == x509.load_der_x509_certificate(leaf).public_key().public_bytes(*form)
    except (ValueError, TypeError):
        return False
