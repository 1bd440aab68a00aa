"""The policies of services, from the `interlock.manifest.json` that `interlock generate` writes."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Union

from ._deprecation import Deprecation, deprecation_metadata
from ._names import matches_identity

ManifestSource = Union[str, "os.PathLike[str]", Mapping[str, Any]]


@dataclass(frozen=True)
class Rate:
    """A token bucket: calls a second on average, and at once."""

    per_second: float
    burst: int


@dataclass(frozen=True)
class Method:
    """A method, and which callers it allows."""

    service: str
    path: str
    kind: str
    scopes: tuple[str, ...]
    any_bot: bool
    risk: str
    callers: tuple[str, ...]
    rate: Rate | None
    #: The first moment at which calls are refused, in seconds since the epoch.
    sunset: float
    sunset_text: str
    replacement: str
    #: The metadata of each answer, for a deprecated method.
    deprecation: Deprecation = ()
    #: Identity patterns of the gateways through which its service is called; empty where it is called without one.
    via: tuple[str, ...] = ()
    #: Which calls wait for an operator: "delegated", "everyCall", or "" for none.
    approval: str = ""

    @property
    def name(self) -> str:
        """The name of the method, for example `Grip`."""
        return self.path.rpartition("/")[2]

    @property
    def token_scopes(self) -> tuple[str, ...]:
        """The scopes of the token that its calls need: methods with the same ones share their tokens."""
        return tuple(sorted(set(self.scopes)))

    @property
    def needs_fresh_trust(self) -> bool:
        """Whether calls are refused while the trust is stale."""
        return self.risk in ("high", "critical")


@dataclass(frozen=True)
class Service:
    """A service with its methods."""

    name: str
    served_by: tuple[str, ...]
    #: Identity patterns of the gateways through which it is called; empty where it is called without one.
    via: tuple[str, ...]
    methods: tuple[Method, ...]
    #: As it is in the manifest, without files and messages: what a bot reports of it.
    content: Mapping[str, Any]

    def expected_servers(self, caller: str) -> tuple[str, ...]:
        """The patterns of the bots at which `caller` calls it: its gateways, unless it is one of them."""
        if any(matches_identity(pattern, caller) for pattern in self.via):
            return self.served_by
        return self.via or self.served_by


@dataclass(frozen=True)
class Manifest:
    """Services by their full names, and methods by their paths."""

    services: dict[str, Service]
    methods: dict[str, Method]


def read_manifest(source: ManifestSource) -> Manifest:
    """Reads a manifest from a file, or from its content. Raises `ValueError` for one of another form."""
    content = source if isinstance(source, Mapping) else json.loads(Path(source).read_text("utf-8"))
    if content.get("version") != 1:
        raise ValueError("this is no manifest of version 1: run `interlock generate` with a matching release")
    services = [_service(one) for one in content["services"]]
    return Manifest(
        {service.name: service for service in services},
        {method.path: method for service in services for method in service.methods},
    )


#: What the authority takes of a manifest, in bytes.
_MAXIMUM_BYTES = 262_144


def served_manifest(manifest: Manifest, names: set[str]) -> str:
    """The manifest of what a bot serves, JSON; empty for nothing, and where it is too large to be reported."""
    services = [manifest.services[name].content for name in sorted(names & set(manifest.services))]
    text = json.dumps({"version": 1, "services": services}, separators=(",", ":"), ensure_ascii=False)
    return text if services and len(text.encode()) <= _MAXIMUM_BYTES else ""


def _service(content: Mapping[str, Any]) -> Service:
    via = tuple(content.get("via") or ())
    methods = tuple(_method(content["name"], via, one) for one in content["methods"])
    return Service(content["name"], tuple(content["servedBy"]), via, methods, _reported(content))


def _reported(content: Mapping[str, Any]) -> Mapping[str, Any]:
    def without(one: Mapping[str, Any], *names: str) -> dict[str, Any]:
        return {name: value for name, value in one.items() if name not in names}

    methods = sorted(content["methods"], key=lambda method: str(method["path"]))
    return {**without(content, "file"), "methods": [without(one, "request", "response") for one in methods]}


def _method(service: str, via: tuple[str, ...], content: Mapping[str, Any]) -> Method:
    policy = content["policy"]
    if bool(policy["scopes"]) == policy["anyBot"]:
        raise ValueError(f"the policy of {content['path']} needs scopes, or anyBot, and not both")
    deprecation = policy.get("deprecation", {})
    rate = policy.get("rate")
    return Method(
        service=service,
        path=content["path"],
        kind=content["kind"],
        scopes=tuple(policy["scopes"]),
        any_bot=policy["anyBot"],
        risk=policy["risk"],
        callers=tuple(policy["callers"]),
        rate=Rate(rate["perSecond"], rate["burst"]) if rate else None,
        sunset=_midnight(deprecation.get("sunset")),
        sunset_text=deprecation.get("sunset") or "",
        replacement=deprecation.get("replacement") or "",
        deprecation=deprecation_metadata(policy.get("deprecation")),
        via=via,
        approval=policy.get("approval", ""),
    )


def _midnight(date: str | None) -> float:
    if not date:
        return math.inf
    return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()
