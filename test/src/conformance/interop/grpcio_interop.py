"""The interoperability tests of gRPC with grpcio, over mutual TLS and with tokens.

    grpcio_interop.py server FOLDER               serves, and prints its port
    grpcio_interop.py client FOLDER ADDRESS CASE  makes the calls of a case, and exits with 0 when all was as it should be

FOLDER holds ca.pem, cert.pem, key.pem and, for a client, its token and the DNS name in the server's certificate. The few messages
are encoded here, so that grpcio is all that has to be there.
"""

import pathlib
import sys
import threading
import time
from concurrent import futures

import grpc

SERVICE = "grpc.testing.TestService"
INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
REQUESTS, ANSWERS = (27_182, 8, 1_828, 45_904), (31_415, 9, 2_653, 58_979)
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(message):
    """The values of each field by its number; of the two wire types that there are here."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    while at < len(message):
        tag = number()
        value = number()
        if tag & 7 == 2:
            value, at = message[at : at + value], at + value
        found.setdefault(tag >> 3, []).append(value)
    return found


def payload(size):
    return field(2, bytes(size))


def size_of(message, number=1):
    """How many bytes the payload has that is field `number`."""
    bodies = fields(fields(message).get(number, [b""])[0]).get(2, [b""])
    return len(bodies[0])


def simple_request(answer, size):
    return field(2, answer) + field(3, payload(size))


def duplex_request(answer, size):
    return field(2, field(1, answer)) + field(3, payload(size))


def with_status(code, message):
    return field(7, field(1, code) + field(2, message.encode()))


# The server.


def admit(context):
    shown = [value for name, value in context.invocation_metadata() if name == "authorization"]
    if len(shown) != 1 or not shown[0].startswith("Bearer ey"):
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token")


def echo_metadata(context):
    sent = {name: value for name, value in context.invocation_metadata()}
    if INITIAL in sent:
        context.send_initial_metadata(((INITIAL, sent[INITIAL]),))
    if TRAILING in sent:
        context.set_trailing_metadata(((TRAILING, sent[TRAILING]),))


def refuse(request, context):
    for given in fields(request).get(7, []):
        found = fields(given)
        code = next(one for one in grpc.StatusCode if one.value[0] == found[1][0])
        context.abort(code, found.get(2, [b""])[0].decode())


def answers_to(request):
    for parameters in fields(request).get(2, []):
        found = fields(parameters)
        time.sleep(found.get(2, [0])[0] / 1e6)
        yield field(1, payload(found.get(1, [0])[0]))


def empty_call(_request, context):
    admit(context)
    return b""


def unary_call(request, context):
    admit(context)
    echo_metadata(context)
    refuse(request, context)
    return field(1, payload(fields(request).get(2, [0])[0]))


def streaming_output_call(request, context):
    admit(context)
    yield from answers_to(request)


def streaming_input_call(requests, context):
    admit(context)
    return field(1, sum(size_of(request) for request in requests))


def full_duplex_call(requests, context):
    admit(context)
    echo_metadata(context)
    for request in requests:
        refuse(request, context)
        yield from answers_to(request)


def read(folder, name):
    return (pathlib.Path(folder) / name).read_bytes()


def serve(folder):
    handlers = grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "EmptyCall": grpc.unary_unary_rpc_method_handler(empty_call),
            "UnaryCall": grpc.unary_unary_rpc_method_handler(unary_call),
            "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(streaming_output_call),
            "StreamingInputCall": grpc.stream_unary_rpc_method_handler(streaming_input_call),
            "FullDuplexCall": grpc.stream_stream_rpc_method_handler(full_duplex_call),
        },
    )
    server = grpc.server(futures.ThreadPoolExecutor(16), handlers=[handlers])
    pair = (read(folder, "key.pem"), read(folder, "cert.pem"))
    credentials = grpc.ssl_server_credentials([pair], read(folder, "ca.pem"), require_client_auth=True)
    print(server.add_secure_port("127.0.0.1:0", credentials), flush=True)
    server.start()
    server.wait_for_termination()


# The client.


class Client:
    def __init__(self, folder, address):
        channel = grpc.ssl_channel_credentials(*(read(folder, name) for name in ("ca.pem", "key.pem", "cert.pem")))
        token = grpc.access_token_call_credentials(read(folder, "token").decode())
        name = read(folder, "server-name").decode()
        options = [("grpc.ssl_target_name_override", name), ("grpc.default_authority", name)]
        self.channel = grpc.secure_channel(address, grpc.composite_channel_credentials(channel, token), options)
        self.empty = self.channel.unary_unary(f"/{SERVICE}/EmptyCall")
        self.unary = self.channel.unary_unary(f"/{SERVICE}/UnaryCall")
        self.output = self.channel.unary_stream(f"/{SERVICE}/StreamingOutputCall")
        self.input = self.channel.stream_unary(f"/{SERVICE}/StreamingInputCall")
        self.duplex = self.channel.stream_stream(f"/{SERVICE}/FullDuplexCall")

    def empty_unary(self):
        equal(self.empty(b"", timeout=10), b"")

    def large_unary(self):
        equal(size_of(self.unary(simple_request(314_159, 271_828), timeout=10)), 314_159)

    def client_streaming(self):
        answer = self.input((field(1, payload(size)) for size in REQUESTS), timeout=10)
        equal(fields(answer)[1][0], 74_922)

    def server_streaming(self):
        request = b"".join(field(2, field(1, size)) for size in ANSWERS)
        equal(tuple(size_of(answer) for answer in self.output(request, timeout=10)), ANSWERS)

    def ping_pong(self):
        answered = threading.Semaphore(1)

        def requests():
            for answer, size in zip(ANSWERS, REQUESTS):
                answered.acquire()
                yield duplex_request(answer, size)

        sizes = []
        for answer in self.duplex(requests(), timeout=10):
            sizes.append(size_of(answer))
            answered.release()
        equal(tuple(sizes), ANSWERS)

    def empty_stream(self):
        equal(list(self.duplex(iter(()), timeout=10)), [])

    def cancel_after_begin(self):
        over = threading.Event()
        call = self.input.future(waiting(over), timeout=10)
        call.cancel()
        over.set()
        equal(call.code(), grpc.StatusCode.CANCELLED)

    def cancel_after_first_response(self):
        over = threading.Event()
        call = self.duplex(waiting(over, duplex_request(31_415, 27_182)), timeout=10)
        equal(size_of(next(call)), 31_415)
        call.cancel()
        over.set()
        equal(failure(lambda: next(call)).code(), grpc.StatusCode.CANCELLED)

    def timeout_on_sleeping_server(self):
        over = threading.Event()
        call = self.duplex(waiting(over, field(3, payload(27_182))), timeout=0.001)
        equal(failure(lambda: list(call)).code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        over.set()

    def status_code_and_message(self):
        request = with_status(2, "test status message")
        for error in (
            failure(lambda: self.unary(request, timeout=10)),
            failure(lambda: list(self.duplex(iter([request]), timeout=10))),
        ):
            equal((error.code(), error.details()), (grpc.StatusCode.UNKNOWN, "test status message"))

    def special_status_message(self):
        error = failure(lambda: self.unary(with_status(2, SPECIAL), timeout=10))
        equal((error.code(), error.details()), (grpc.StatusCode.UNKNOWN, SPECIAL))

    def unimplemented_method(self):
        call = self.channel.unary_unary(f"/{SERVICE}/UnimplementedCall")
        equal(failure(lambda: call(b"", timeout=10)).code(), grpc.StatusCode.UNIMPLEMENTED)

    def unimplemented_service(self):
        call = self.channel.unary_unary("/grpc.testing.UnimplementedService/UnimplementedCall")
        equal(failure(lambda: call(b"", timeout=10)).code(), grpc.StatusCode.UNIMPLEMENTED)

    def custom_metadata(self):
        metadata = ((INITIAL, "test_initial_metadata_value"), (TRAILING, b"\xab\xab\xab"))

        def check(call):
            equal(dict(call.initial_metadata()).get(INITIAL), metadata[0][1])
            equal(dict(call.trailing_metadata()).get(TRAILING), metadata[1][1])

        _, call = self.unary.with_call(simple_request(314_159, 271_828), timeout=10, metadata=metadata)
        check(call)
        stream = self.duplex(iter([duplex_request(314_159, 271_828)]), timeout=10, metadata=metadata)
        equal([size_of(answer) for answer in stream], [314_159])
        check(stream)


def waiting(over, *requests):
    """Requests, and no end of them before the call is over."""
    yield from requests
    over.wait()


def failure(work):
    try:
        work()
    except grpc.RpcError as error:
        return error
    sys.exit("the call did not fail")


def equal(actual, expected):
    if actual != expected:
        sys.exit(f"{str(actual)[:200]} in place of {str(expected)[:200]}")


if sys.argv[1] == "server":
    serve(sys.argv[2])
else:
    getattr(Client(*sys.argv[2:4]), sys.argv[4])()
    print("done")
