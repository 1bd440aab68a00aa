"""A scale: serves ScaleService with plain grpcio. What is allowed, and to whom, is decided before a call comes here.

PYTHONPATH=dist/stubs python3 scale/scale.py unix:dist/run/scale.sock
"""

import sys
import threading
from concurrent import futures

import grpc
from harbor.scale.v1 import scale_pb2, scale_pb2_grpc

LOADS = {"crate": 12.5, "container": 2200.0}


class Scale(scale_pb2_grpc.ScaleServiceServicer):
    def Weigh(self, request, context):
        # The sidecar lets nobody else write this name.
        caller = dict(context.invocation_metadata())["interlock-caller"]
        print(f"{caller} weighs the {request.load}", flush=True)
        if request.load not in LOADS:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no {request.load}")
        return scale_pb2.WeighResponse(kilograms=LOADS[request.load])

    def Watch(self, request, context):
        gone = threading.Event()
        context.add_callback(gone.set)
        while not gone.wait(0.1):
            yield scale_pb2.WatchResponse(kilograms=LOADS["crate"])
        print("nobody watches any more", flush=True)

    def Tare(self, request, context):
        print("the scale is set to zero", flush=True)
        return scale_pb2.TareResponse()


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
scale_pb2_grpc.add_ScaleServiceServicer_to_server(Scale(), server)
server.add_insecure_port(sys.argv[1])
server.start()
print(f"the scale serves at {sys.argv[1]}", flush=True)
server.wait_for_termination()
