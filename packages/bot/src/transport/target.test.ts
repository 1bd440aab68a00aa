import assert from "node:assert/strict";
import { resolveTarget } from "./resolve-target.js";
import { readTarget } from "./target.js";

describe("readTarget", () => {
  const looked = [
    ["arm.local:50051", "arm.local:50051", "arm.local", 50_051],
    ["dns:arm.local:50051", "arm.local:50051", "arm.local", 50_051],
    ["dns:///arm.local:50051", "arm.local:50051", "arm.local", 50_051],
    ["dns://8.8.8.8/arm.local:1", "arm.local:1", "arm.local", 1],
    ["arm.local", "arm.local", "arm.local", 443],
  ] as const;
  for (const [text, authority, host, port] of looked) {
    it(`looks up ${text}`, () => {
      const target = readTarget(text);
      assert.deepEqual(target, { text, authority, host, endpoints: [], name: { host, port } });
    });
  }

  const known = [
    ["127.0.0.1:5", "127.0.0.1:5", [{ host: "127.0.0.1", port: 5 }]],
    ["[::1]:5", "[::1]:5", [{ host: "::1", port: 5 }]],
    ["dns:///[::1]:5", "[::1]:5", [{ host: "::1", port: 5 }]],
    [
      "ipv4:127.0.0.1:5,127.0.0.2:6",
      "127.0.0.1:5",
      [
        { host: "127.0.0.1", port: 5 },
        { host: "127.0.0.2", port: 6 },
      ],
    ],
    [
      "ipv6:[::1]:5,[::2]:6",
      "[::1]:5",
      [
        { host: "::1", port: 5 },
        { host: "::2", port: 6 },
      ],
    ],
    ["unix:run/x.sock", "localhost", [{ path: "run/x.sock" }]],
    ["unix:/run/x.sock", "localhost", [{ path: "/run/x.sock" }]],
    ["unix:///run/x.sock", "localhost", [{ path: "/run/x.sock" }]],
  ] as const;
  for (const [text, authority, endpoints] of known) {
    it(`knows where ${text} is`, async () => {
      const target = readTarget(text);
      assert.equal(target.authority, authority);
      assert.deepEqual(await resolveTarget(target), endpoints);
    });
  }

  for (const text of ["", "[x]:1", "a:b", "a:99999", "ipv4:[::1]:5", "ipv6:127.0.0.1:1", "http://a:1"]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => readTarget(text), /Could not parse target name/);
    });
  }
});

describe("resolveTarget", () => {
  it("looks a name up", async () => {
    const found = await resolveTarget(readTarget("localhost:7"));
    assert.ok(found.length > 0);
    for (const endpoint of found) assert.ok("port" in endpoint && endpoint.port === 7);
  });
});
