import assert from "node:assert/strict";
import { grpcOptions } from "./grpc-options.js";

describe("grpcOptions", () => {
  it("sends a host name in place of an IP address, however that is written", () => {
    for (const address of ["10.0.0.1:1", "[::1]:1", "dns:///10.0.0.1:1", "dns:[2001:db8::7]:1"]) {
      assert.equal(grpcOptions(address)["grpc.ssl_target_name_override"], "fleet.interlock.invalid", address);
    }
    for (const address of ["arm:1", "dns:///arm.local:1"]) {
      assert.equal(grpcOptions(address)["grpc.ssl_target_name_override"], undefined, address);
    }
  });
});
