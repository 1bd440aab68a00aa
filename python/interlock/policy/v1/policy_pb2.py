"""The options of interlock/policy/v1/policy.proto, which code that protoc generates from a bot's protos imports.

Built from the descriptor at import, so it fits every version of protobuf.
"""

from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.internal import builder

_FILE = Path(__file__).parents[2] / "_data" / "policy.binpb"
for _file in descriptor_pb2.FileDescriptorSet.FromString(_FILE.read_bytes()).file:
    if _file.name == "interlock/policy/v1/policy.proto":
        DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(_file.SerializeToString())
        builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
        builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "interlock.policy.v1.policy_pb2", globals())
