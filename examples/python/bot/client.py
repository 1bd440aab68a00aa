"""Calls a bot once, and prints its answer, or the gRPC code and the reason of the denial.

INTERLOCK_TOKEN=… python3 client.py <read|watch|calibrate|look> <address> <server's SPIFFE ID> <folder> [--no-certificate]
"""

import os
import sys

import grpc
from fleet_channel import fleet_channel
from messages import message
from reason import reason_of

THERMOMETER = "lab.thermometer.v1.ThermometerService"
CALLS = {
    "read": (THERMOMETER, "Read", {}),
    "watch": (THERMOMETER, "Watch", {"count": 3}),
    "calibrate": (THERMOMETER, "Calibrate", {"celsius": 20}),
    "look": ("lab.vision.v1.VisionService", "Look", {}),
}


def main(call, address, server, folder, *flags):
    service, method, fields = CALLS[call]
    package = service.rsplit(".", 1)[0]
    request = message(f"{package}.{method}Request")(**fields)
    token = os.environ.get("INTERLOCK_TOKEN")
    metadata = [("authorization", f"Bearer {token}")] if token else []
    with fleet_channel(folder, address, server, certificate="--no-certificate" not in flags) as channel:
        open_call = channel.unary_stream if method == "Watch" else channel.unary_unary
        stub = open_call(
            f"/{service}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=message(f"{package}.{method}Response").FromString,
        )
        try:
            answer = stub(request, metadata=metadata, timeout=10)
            for response in answer if method == "Watch" else [answer]:
                print(str(response).strip().replace("\n", " "))
        except grpc.RpcError as error:
            print(error.code().name, reason_of(error) or error.details())


main(*sys.argv[1:])
