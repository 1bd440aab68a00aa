"""The messages of the authority's RPCs, built from descriptors, so that one package fits every version of protobuf.

They have a pool of their own: a program may have other versions of the same files in the default one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_POOL = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(
    (Path(__file__).parent / "_data" / "authority.binpb").read_bytes()
).file:
    _POOL.AddSerializedFile(_file.SerializeToString())


@cache
def message(name: str) -> Any:
    """The class of a message, for example `message("interlock.authority.v1.JoinRequest")`."""
    descriptor = _POOL.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    factory: Any = message_factory.MessageFactory(_POOL)
    return factory.GetPrototype(descriptor)  # protobuf before 4.22
