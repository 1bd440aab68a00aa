"""SPIFFE IDs and identity patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")
_SEGMENT = re.compile(r"[a-zA-Z0-9._-]+")
_MAXIMUM_LENGTH = 2_048


@dataclass(frozen=True)
class SpiffeId:
    """The identity of a bot: `spiffe://<trust-domain>/<name>` (SPIFFE ID specification, section 2)."""

    #: In lower case, for example `cafe`.
    trust_domain: str
    #: The path without its leading slash, for example `gripper/1`.
    name: str

    @property
    def uri(self) -> str:
        """The whole URI."""
        return f"spiffe://{self.trust_domain}/{self.name}"


def is_trust_domain(text: str) -> bool:
    return _TRUST_DOMAIN.fullmatch(text) is not None


def is_bot_name(text: str) -> bool:
    return all(_SEGMENT.fullmatch(segment) and segment not in (".", "..") for segment in text.split("/"))


def parse_spiffe_id(uri: object) -> SpiffeId | None:
    """Parses a SPIFFE ID of up to 2,048 bytes; `None` for any other text, and for one without a path."""
    if not isinstance(uri, str) or not uri.startswith("spiffe://") or len(uri) > _MAXIMUM_LENGTH:
        return None
    trust_domain, slash, name = uri[len("spiffe://") :].partition("/")
    if not slash or not is_trust_domain(trust_domain) or not is_bot_name(name):
        return None
    return SpiffeId(trust_domain, name)


def matches_identity(pattern: str, name: str) -> bool:
    """Whether a bot's name matches a pattern: `*` is one segment, a final `**` one or more."""
    wanted, given = pattern.split("/"), name.split("/")
    if wanted[-1] == "**":
        if len(given) < len(wanted):
            return False
        wanted.pop()
    elif len(given) != len(wanted):
        return False
    return all(segment in ("*", other) for segment, other in zip(wanted, given, strict=False))
