import assert from "node:assert/strict";
import { leavesMachine, readEndpoint } from "./endpoint.js";

describe("the address of a Workload API", () => {
  for (const [uri, target] of [
    ["unix:///run/spire/agent.sock", "unix:/run/spire/agent.sock"],
    ["unix:/run/spire/agent.sock", "unix:/run/spire/agent.sock"],
    ["tcp://127.0.0.1:8000", "ipv4:127.0.0.1:8000"],
    ["tcp://[::1]:8000", "ipv6:[::1]:8000"],
  ] as const) {
    it(`is read from ${uri}`, () => {
      assert.deepEqual(readEndpoint(uri), { uri, target });
      assert.deepEqual(readEndpoint(undefined, { SPIFFE_ENDPOINT_SOCKET: uri }), { uri, target });
    });
  }

  for (const uri of [
    "/run/spire/agent.sock",
    "agent.sock",
    "unix://",
    "unix:///",
    "unix://run/agent.sock",
    "unix:agent.sock",
    "unix://host/run/agent.sock",
    "unix:////run/agent.sock",
    "unix:///run/agent.sock?x=1",
    "unix:///run/agent.sock#x",
    "unix:///run/agent%20x.sock",
    "unix-abstract:agent",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:8000/",
    "tcp://127.0.0.1:8000/foo",
    "tcp://127.0.0.1:8000?x=1",
    "tcp://user@127.0.0.1:8000",
    "tcp://localhost:8000",
    "tcp://1.2.3:8000",
    "tcp://::1:8000",
    "tcp://[127.0.0.1]:8000",
    "http://127.0.0.1:8000",
    "dns:///agent:8000",
    "UNIX:///run/agent.sock",
    " unix:///run/agent.sock",
  ]) {
    it(`is not read from ${JSON.stringify(uri)}`, () => {
      const error = { code: "INVALID_ARGUMENT", message: /unix:\/\/\/absolute\/path or tcp:\/\/ip:port/ };
      assert.throws(() => readEndpoint(uri), error);
    });
  }

  it("comes from the variable where none is given, and is asked for where there is none", () => {
    const env = { SPIFFE_ENDPOINT_SOCKET: "unix:///run/other.sock" };
    assert.equal(readEndpoint("unix:///run/agent.sock", env).target, "unix:/run/agent.sock");
    for (const empty of [{}, { SPIFFE_ENDPOINT_SOCKET: "" }]) {
      assert.throws(() => readEndpoint(undefined, empty), {
        code: "FAILED_PRECONDITION",
        message: /as endpoint, or in SPIFFE_/,
      });
    }
    assert.throws(() => readEndpoint(undefined, { SPIFFE_ENDPOINT_SOCKET: "x" }), /SPIFFE_ENDPOINT_SOCKET is "x"/);
  });

  it("is known to lead to another machine", () => {
    const leaves = (uri: string) => leavesMachine(readEndpoint(uri));
    assert.deepEqual(["tcp://10.0.0.1:1", "tcp://[2001:db8::1]:1"].map(leaves), [true, true]);
    const local = ["unix:///a", "tcp://127.0.0.9:1", "tcp://[::1]:1", "tcp://169.254.1.1:1", "tcp://[fe80::1]:1"];
    assert.ok(!local.some(leaves));
  });
});
