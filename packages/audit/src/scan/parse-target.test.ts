import assert from "node:assert/strict";
import { maximumAddresses, maximumPairs, maximumTargetLength } from "./limits.js";
import { parseTarget } from "./parse-target.js";
import { countPorts } from "./port-ranges.js";

const all = [{ from: 1, to: 65_535 }];

describe("parseTarget", () => {
  const read: readonly (readonly [text: string, hosts: readonly string[], ports: readonly object[]])[] = [
    ["127.0.0.1", ["127.0.0.1"], all],
    ["localhost", ["localhost"], all],
    ["arm.local.:443", ["arm.local."], [{ from: 443, to: 443 }]],
    ["arm_1:1-65535", ["arm_1"], all],
    [
      "arm.local:50051-50060,22,50055-50070,50071",
      ["arm.local"],
      [
        { from: 22, to: 22 },
        { from: 50_051, to: 50_071 },
      ],
    ],
    ["::1", ["::1"], all],
    ["[fd00::7]", ["fd00::7"], all],
    ["[fd00::7]:50051", ["fd00::7"], [{ from: 50_051, to: 50_051 }]],
    ["fe80::1%eth0", ["fe80::1%eth0"], all],
    ["[fe80::1%eth0]:22", ["fe80::1%eth0"], [{ from: 22, to: 22 }]],
    ["10.0.0.6/30:80", ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7"], [{ from: 80, to: 80 }]],
    ["10.0.0.7/32", ["10.0.0.7"], all],
    ["255.255.255.255/31:1", ["255.255.255.254", "255.255.255.255"], [{ from: 1, to: 1 }]],
  ];
  for (const [text, hosts, ports] of read) {
    it(`reads ${text}`, () => assert.deepEqual(parseTarget(text), { text, hosts, ports }));
  }

  const wrong: readonly (readonly [text: string, problem: RegExp])[] = [
    ["", /write host, host:port/],
    [":80", /write host, host:port/],
    ["https://arm.local:443/path", /a URL is not a target: write only its host and port/],
    ["arm local", /write host, host:port/],
    ["-sT", /write host, host:port/],
    ["10.0.0", /write host, host:port/],
    ["999.0.0.1:80", /write host, host:port/],
    ["[arm.local]:80", /write host, host:port/],
    ["[::1", /write host, host:port/],
    ["[::1]80", /write host, host:port/],
    [`${"a".repeat(254)}:80`, /write host, host:port/],
    ["arm.local:", /its ports are not numbers/],
    ["arm.local:0", /its ports are not numbers/],
    ["arm.local:65536", /its ports are not numbers/],
    ["arm.local:50060-50051", /its ports are not numbers/],
    ["arm.local:1-", /its ports are not numbers/],
    ["arm.local:80,", /its ports are not numbers/],
    ["arm.local:80:90", /its ports are not numbers/],
    ["arm.local:+80", /its ports are not numbers/],
    ["0.0.0.0:80", /stands for every interface/],
    ["[::]:80", /stands for every interface/],
    ["[fe80::1]:80", /a link-local address needs its interface/],
    ["10.0.0.0/33", /is written as 10\.0\.0\.0\/28/],
    ["10.0.0/24", /is written as 10\.0\.0\.0\/28/],
    ["arm.local/24", /is written as 10\.0\.0\.0\/28/],
    ["10.0.0.0/", /is written as 10\.0\.0\.0\/28/],
    ["fd00::/64", /a range of IPv6 addresses is too large/],
    ["[fd00::]/120", /a range of IPv6 addresses is too large/],
    ["[fd00::]/120:443", /a range of IPv6 addresses is too large/],
    ["::1/128", /a range of IPv6 addresses is too large/],
    ["\u001b[2J:80", /^"\\u001b/],
  ];
  for (const [text, problem] of wrong) {
    it(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.throws(() => parseTarget(text), { code: "INVALID_ARGUMENT", message: problem });
    });
  }

  it("takes as many addresses and pairs as a scan may hold, and no more", () => {
    assert.equal(parseTarget("10.0.0.0/20:1-256").hosts.length, maximumAddresses);
    const { hosts, ports } = parseTarget("10.0.0.0/28");
    assert.ok(hosts.length * countPorts(ports) <= maximumPairs);
    assert.throws(() => parseTarget("10.0.0.0/19:80"), /it has 8192 addresses, and a scan has at most 4096/);
    assert.throws(() => parseTarget("10.0.0.0/20:1-257"), /more than 1048576 pairs: name the ports/);
    assert.throws(() => parseTarget("10.0.0.0/27"), /for example 10\.0\.0\.0\/27:50000-50100/);
    assert.throws(() => parseTarget("0.0.0.0/0:80"), /it has 4294967296 addresses/);
  });

  it("takes a text up to its bound", () => {
    const longest = `a:22${",22".repeat((maximumTargetLength - 4) / 3)}`;
    assert.equal(longest.length, maximumTargetLength);
    assert.deepEqual(parseTarget(longest).ports, [{ from: 22, to: 22 }]);
    assert.throws(() => parseTarget(`${longest} `), /it is longer than 1024 characters/);
  });
});
