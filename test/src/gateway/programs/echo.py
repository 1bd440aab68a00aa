"""A program that speaks plain gRPC and knows nothing of Interlock: it serves EchoService, or calls it.

echo.py serve ADDRESS    prints a line of JSON for each call that begins, and for each that ends
echo.py call ADDRESS     reads calls as lines of JSON from standard input, and prints what becomes of each

Messages are bytes, in hex: no stubs are needed.
"""

import json
import sys
import threading
from concurrent import futures

import grpc

SERVICE = "test.EchoService"


def say(**what):
    print(json.dumps(what), flush=True)


def begin(name, context):
    metadata = [[key, value if isinstance(value, str) else value.hex()] for key, value in context.invocation_metadata()]
    say(began=name, metadata=metadata)
    context.add_callback(lambda: say(ended=name))
    context.send_initial_metadata((("program", "echo.py"),))
    context.set_trailing_metadata((("left", "1"), ("left-bin", b"\x00\xff")))


def echo_as(name):
    def echo(request, context):
        begin(name, context)
        if request.endswith(b"fail"):
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "said the program")
        return request

    return grpc.unary_unary_rpc_method_handler(echo)


def count(request, context):
    begin("Count", context)
    if request.endswith(b"wait"):
        yield request
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait()
        return
    for _ in range(100):
        yield request


def join(requests, context):
    begin("Join", context)
    return b"".join(requests)


def chat(requests, context):
    begin("Chat", context)
    yield from requests


HANDLERS = {
    "Echo": echo_as("Echo"),
    "Reset": echo_as("Reset"),
    "Open": echo_as("Open"),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
}


def serve(address):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, HANDLERS),))
    server.add_insecure_port(address)
    server.start()
    say(serving=address)
    server.wait_for_termination()


def call(address):
    with grpc.insecure_channel(address) as channel:
        for line in sys.stdin:
            threading.Thread(target=make, args=(channel, json.loads(line)), daemon=True).start()


def make(channel, order):
    path, messages = order["path"], [bytes.fromhex(text) for text in order.get("messages", [""])]
    options = {"metadata": order.get("metadata", []), "timeout": order.get("timeout", 20)}
    many_requests = order["kind"] in ("clientStreaming", "bidiStreaming")
    many_answers = order["kind"] in ("serverStreaming", "bidiStreaming")
    form = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }[many_requests, many_answers](path)
    request = iter(messages) if many_requests else messages[0]
    got = []
    try:
        if many_answers:
            under_way = form(request, **options)
            for message in under_way:
                got.append(message.hex())
                if len(got) == 1:
                    say(id=order["id"], first=message.hex())
        else:
            answer, under_way = form.with_call(request, **options)
            got.append(answer.hex())
        trailers = [[key, value if isinstance(value, str) else value.hex()] for key, value in under_way.trailing_metadata()]
        say(id=order["id"], code="OK", messages=got, trailers=trailers)
    except grpc.RpcError as error:
        say(id=order["id"], code=error.code().name, details=error.details(), messages=got)


{"serve": serve, "call": call}[sys.argv[1]](sys.argv[2])
