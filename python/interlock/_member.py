"""What a bot has of its fleet: identity, trust and tokens. Servers and channels know nothing of where it comes from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ._deprecation import DeprecationLog
from ._identity import Identity
from ._manifest import Manifest
from ._tokens import Tokens
from ._trust import Clock, Trust


@dataclass(frozen=True)
class Member:
    """A member of a fleet."""

    identity: Callable[[], Identity]
    #: The file with key and certificates, for TLS outside gRPC.
    identity_file: Path
    trust: Trust
    tokens: Tokens
    manifest: Manifest
    clock: Clock
    deprecations: DeprecationLog = field(default_factory=lambda: DeprecationLog(time.time))
