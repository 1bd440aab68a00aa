"""The messages of the proto files, built at run time from the output of `npx buf build protos -o dist/bots.binpb`."""

from pathlib import Path

from google.protobuf import descriptor_pb2, message_factory

_FILE = Path(__file__).parent.parent / "dist" / "bots.binpb"
_MESSAGES = message_factory.GetMessages(descriptor_pb2.FileDescriptorSet.FromString(_FILE.read_bytes()).file)


def message(name):
    """Returns the class of one message, for example message("lab.vision.v1.LookRequest")."""
    return _MESSAGES[name]
