"""Serves lab.vision.v1.VisionService: python3 server.py <folder>, with the files of `interlock join` in that folder."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Without this it complains about every client that names a host, because the certificate names none.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
from interlock_check import InterlockCheck
from messages import message

SERVICE = "lab.vision.v1.VisionService"
MANIFEST = Path(__file__).parent.parent / "src" / "gen" / "interlock.manifest.json"


def look(request, context):
    return message("lab.vision.v1.LookResponse")(things=["a cup", "a gripper"])


def follow(request, context):
    for i in range(request.count):
        yield message("lab.vision.v1.FollowResponse")(position=i / request.count)


def turn(request, context):
    print("the camera turns", flush=True)
    return message("lab.vision.v1.TurnResponse")()


def handler(kind, method, behavior):
    package = SERVICE.rsplit(".", 1)[0]
    return kind(
        behavior,
        request_deserializer=message(f"{package}.{method}Request").FromString,
        response_serializer=message(f"{package}.{method}Response").SerializeToString,
    )


def credentials(folder):
    """Mutual TLS with the files in `folder`, read at each handshake: `interlock join --stay` keeps them current."""

    def current():
        identity = (Path(folder) / "identity.pem").read_bytes()
        roots = (Path(folder) / "ca.pem").read_bytes()
        return grpc.ssl_server_certificate_configuration([(identity, identity)], root_certificates=roots)

    return grpc.dynamic_ssl_server_credentials(current(), current, require_client_authentication=True)


def main(folder):
    server = grpc.server(ThreadPoolExecutor(8), interceptors=[InterlockCheck(folder, MANIFEST)])
    handlers = {
        "Look": handler(grpc.unary_unary_rpc_method_handler, "Look", look),
        "Follow": handler(grpc.unary_stream_rpc_method_handler, "Follow", follow),
        "Turn": handler(grpc.unary_unary_rpc_method_handler, "Turn", turn),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
    port = server.add_secure_port("127.0.0.1:0", credentials(folder))
    server.start()
    print(f"serving {SERVICE} at 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


main(*sys.argv[1:])
