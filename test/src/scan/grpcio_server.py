"""A grpcio server to be scanned. Arguments: the kind of its security, and a folder with ca.pem, cert.pem and key.pem.

It prints the port that it listens on, then "count N" for each line that it reads: the handlers that have started."""
import pathlib
import sys
from concurrent import futures

import grpc

count = 0


def run(_request, _context):
    global count
    count += 1
    return b""


def run_stream(_request, _context):
    global count
    count += 1
    yield b""


handlers = grpc.method_handlers_generic_handler(
    "probe.v1.Target",
    {
        "Touch": grpc.unary_unary_rpc_method_handler(run),
        "Watch": grpc.unary_stream_rpc_method_handler(run_stream),
        "Upload": grpc.stream_unary_rpc_method_handler(run),
        "Chat": grpc.stream_stream_rpc_method_handler(run_stream),
    },
)

kind, folder = sys.argv[1], pathlib.Path(sys.argv[2])
server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
server.add_generic_rpc_handlers((handlers,))
if kind == "insecure":
    port = server.add_insecure_port("[::]:0")
else:
    ca, cert, key = ((folder / name).read_bytes() for name in ("ca.pem", "cert.pem", "key.pem"))
    mtls = kind == "mtls"
    credentials = grpc.ssl_server_credentials([(key, cert)], ca if mtls else None, require_client_auth=mtls)
    port = server.add_secure_port("[::]:0", credentials)
server.start()
print(f"port {port}", flush=True)
for _line in sys.stdin:
    print(f"count {count}", flush=True)
server.stop(None)
