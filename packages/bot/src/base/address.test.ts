import assert from "node:assert/strict";
import {
  checkPort,
  checkTarget,
  formatAddress,
  isLoopback,
  readAddress,
  readAdvertised,
  readInterface,
} from "./address.js";

describe("addresses", () => {
  for (const [text, host, port] of [
    ["arm.local:50051", "arm.local", 50_051],
    ["arm_1:1", "arm_1", 1],
    ["arm.example.:443", "arm.example.", 443],
    ["10.0.0.7:65535", "10.0.0.7", 65_535],
    ["[::1]:7443", "::1", 7_443],
  ] as const) {
    it(`reads ${text}, and writes it again`, () => {
      assert.deepEqual(readAddress(text), { host, port });
      assert.equal(formatAddress({ host, port }), text);
      assert.equal(checkTarget(text), text);
      assert.equal(checkTarget(`dns:///${text}`), `dns:///${text}`);
    });
  }

  for (const [text, remedy] of [
    ["arm.local", /has no port: for example arm\.local:50051/],
    ["arm.local:", /has no port: for example arm\.local:50051/],
    ["[::1]", /has no port: for example \[::1\]:50051/],
    ["::1", /needs brackets and a port: for example \[::1\]:50051/],
    ["https://arm.local", /a URL is not an address: .* for example arm\.local:50051/],
    ["https://arm.local:443/x", /for example arm\.local:443\./],
    ["grpc://", /for example arm\.local:50051/],
    ["[fe80::1%eth0]:7443", /link-local address means something on one machine only/],
    ["fe80::1", /link-local/],
    ["unix:/run/arm.sock", /TCP only/],
    ["arm.local:0", /1 to 65535/],
    ["arm.local:65536", /1 to 65535/],
    ["[arm.local]:1", /write host:port/],
    ["[::1]x:1", /write host:port/],
    ["a b:1", /write host:port/],
    ["", /write host:port/],
    [":1", /write host:port/],
    ["-arm:1", /write host:port/],
    ["a..b:1", /write host:port/],
    ["arm\n:1", /write host:port/],
    ["dns://8.8.8.8/arm:1", /cannot be chosen/],
    ["dns:///arm", /has no port/],
    [`${"a".repeat(300)}:1`, /a…" is not an address/],
  ] as const) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}, and says how to write it`, () => {
      assert.throws(() => checkTarget(text), { code: "INVALID_ARGUMENT", message: remedy });
    });
  }

  it("drops the zone of an address that needs none", () => {
    assert.equal(checkTarget("[::1%lo]:7443"), "[::1]:7443");
    assert.deepEqual(readAdvertised("2001:db8::7%eth0", 1), { host: "2001:db8::7", port: 1 });
  });

  it("refuses what is no text", () => {
    assert.throws(() => checkTarget(50_051 as unknown as string), /no text/);
  });

  it("reads what is advertised: a host, or a host with another port", () => {
    assert.deepEqual(readAdvertised("arm.local", 1), { host: "arm.local", port: 1 });
    assert.deepEqual(readAdvertised("arm.local:443", 1), { host: "arm.local", port: 443 });
    assert.deepEqual(readAdvertised("2001:db8::7", 1), { host: "2001:db8::7", port: 1 });
    assert.deepEqual(readAdvertised("[2001:db8::7]", 1), { host: "2001:db8::7", port: 1 });
    assert.deepEqual(readAdvertised("[2001:db8::7]:443", 1), { host: "2001:db8::7", port: 443 });
    for (const text of ["0.0.0.0", "::", "[::]:1"]) assert.throws(() => readAdvertised(text, 1), /every interface/);
    assert.throws(() => readAdvertised("https://arm.local", 1), /a URL is not an address/);
  });

  it("reads the interface to listen on", () => {
    for (const [text, host] of [
      ["127.0.0.1", "127.0.0.1"],
      ["::1", "::1"],
      ["[::1]", "::1"],
      ["::1%lo", "::1"],
      ["fe80::1%eth0", "fe80::1%eth0"],
      ["[fe80::1%eth0]", "fe80::1%eth0"],
      ["arm.local", "arm.local"],
      ["0.0.0.0", "0.0.0.0"],
    ] as const) {
      assert.equal(readInterface(text), host);
    }
    for (const [text, remedy] of [
      ["https://arm.local", /it is a URL: write one address of this machine, for example arm\.local\./],
      ["arm.local:50051", /port is given apart from it: .* for example arm\.local\./],
      ["[::1]:50051", /port is given apart from it: .* for example ::1\./],
      ["10.0.0.1/24", /no host to listen on: write one address/],
      ["[arm]", /no host to listen on/],
      ["", /no host to listen on/],
      ["*", /no host to listen on/],
    ] as const) {
      assert.throws(() => readInterface(text), { code: "INVALID_ARGUMENT", message: remedy }, text);
    }
  });

  it("checks the port to listen on", () => {
    for (const port of [0, 1, 65_535]) checkPort(port);
    for (const port of [-1, 65_536, 1.5, Number.NaN, "50051", "x", undefined]) {
      assert.throws(() => checkPort(port as number), { code: "INVALID_ARGUMENT", message: /give a number from 0/ });
    }
  });

  it("knows which hosts are on this machine only", () => {
    assert.deepEqual(["localhost", "127.0.0.1", "127.9.9.9", "::1"].map(isLoopback), [true, true, true, true]);
    assert.deepEqual(["127.arm.local", "10.0.0.1", "arm", "::2"].map(isLoopback), [false, false, false, false]);
  });
});
