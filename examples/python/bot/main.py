"""A bot in Python: measures with ThermometerService, and serves VisionService.

INTERLOCK_JOIN_TOKEN=… python3 main.py <authority> <thermometer's address> <folder for identity and trust>
"""

import os
import sys
from pathlib import Path

import grpc
from lab.thermometer.v1.thermometer_pb2 import CalibrateRequest, ReadRequest, WatchRequest
from lab.thermometer.v1.thermometer_pb2_grpc import ThermometerServiceStub
from lab.vision.v1.vision_pb2 import FollowResponse, LookResponse, TurnResponse
from lab.vision.v1.vision_pb2_grpc import VisionServiceServicer, add_VisionServiceServicer_to_server

import interlock

MANIFEST = Path(__file__).parents[1] / "src" / "gen" / "interlock.manifest.json"


class Vision(VisionServiceServicer):
    def Look(self, request, context):
        return LookResponse(things=["a cup", "a gripper", interlock.caller().name])

    def Follow(self, request, context):
        for i in range(request.count):
            yield FollowResponse(position=i / request.count)

    def Turn(self, request, context):
        print("the camera turns", flush=True)
        return TurnResponse()


authority, thermometer, folder = sys.argv[1:]
bot = interlock.join(authority, "python/1", os.environ.get("INTERLOCK_JOIN_TOKEN"), manifest=MANIFEST, state_dir=folder)

stub = ThermometerServiceStub(bot.channel(thermometer, server="thermometer/*"))
print("Read →", stub.Read(ReadRequest()).celsius)
print("Watch →", [round(one.celsius, 1) for one in stub.Watch(WatchRequest(count=3))])
try:
    stub.Calibrate(CalibrateRequest(celsius=20))
except grpc.RpcError as error:
    print("Calibrate →", error.code().name, interlock.reason_of(error))

server = bot.serve(lambda s: add_VisionServiceServicer_to_server(Vision(), s))
print(f"serving at {server.address}", flush=True)
server.wait()
