"""An echo of messages by grpcio, as a client or as a server. It prints one line: its port, or what it has done."""

import sys
import threading
from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method.endswith("/Unary"):
            return grpc.unary_unary_rpc_method_handler(lambda message, _: message)
        return grpc.stream_stream_rpc_method_handler(lambda messages, _: messages)


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(16), handlers=[Echo()])
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


def call(address, calls):
    with grpc.insecure_channel(address) as channel:
        unary = channel.unary_unary("/echo.Echo/Unary")
        room = threading.Semaphore(16)
        failed = []

        def answered(future):
            if future.exception() or len(future.result()) != 100:
                failed.append(future.exception())
            room.release()

        for _ in range(calls):
            room.acquire()
            unary.future(bytes(100)).add_done_callback(answered)
        for _ in range(16):
            room.acquire()
        if failed:
            sys.exit(f"{len(failed)} failed: {failed[0]}")
        count = sum(1 for _ in channel.stream_stream("/echo.Echo/Stream")(bytes(100) for _ in range(calls)))
        if count != calls:
            sys.exit(f"{count} messages came back")
    print("done")


if sys.argv[1] == "server":
    serve()
else:
    call(sys.argv[2], int(sys.argv[3]))
