import assert from "node:assert/strict";
import { checkReach, isPrivate } from "./check-reach.js";
import { maximumAddressesOfName, maximumTargets } from "./limits.js";
import { parseTarget } from "./parse-target.js";
import type { Target } from "./target.js";

const targets = (...texts: string[]): Target[] => texts.map(parseTarget);
const names: Readonly<Record<string, readonly string[]>> = {
  "arm.local": ["10.0.0.7"],
  "two.local": ["10.0.0.7", "fd00::7"],
  "half.example": ["10.0.0.7", "93.184.216.34"],
  "none.local": [],
  "crowd.local": Array.from({ length: maximumAddressesOfName + 1 }, (_, i) => `10.0.1.${i}`),
  "full.local": Array.from({ length: maximumAddressesOfName }, (_, i) => `10.0.1.${i}`),
};
async function resolve(name: string): Promise<readonly string[]> {
  const addresses = names[name];
  if (!addresses) throw new Error("getaddrinfo ENOTFOUND");
  return addresses;
}
const check = (...texts: string[]) => checkReach(targets(...texts), { resolve, hasIPv6: true });

describe("checkReach", () => {
  const inside = ["127.0.0.1", "127.255.255.254", "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255"].concat(
    ["192.168.0.0", "192.168.255.255", "169.254.0.1", "::1", "fc00::", "fdff::1", "fe80::1", "fe80::1%lo", "febf::1"],
    ["::ffff:10.0.0.1", "::ffff:7f00:1"],
  );
  const outside = ["126.255.255.255", "128.0.0.0", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0"].concat(
    ["192.167.255.255", "192.169.0.0", "169.253.255.255", "169.255.0.0", "100.64.0.1", "8.8.8.8", "255.255.255.255"],
    ["::", "::2", "fbff::1", "fe00::1", "fec0::1", "2001:db8::7", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "::7f00:1"],
  );
  it("knows the private ranges by their edges", () => {
    assert.deepEqual(inside.filter(isPrivate), inside);
    assert.deepEqual(outside.filter(isPrivate), []);
  });

  it("refuses an address outside them, unless it is allowed", async () => {
    await assert.rejects(check("8.8.8.8:53"), {
      code: "PERMISSION_DENIED",
      message:
        "8.8.8.8 is neither loopback nor in a private range. Scan only what is yours; to allow it, use --anywhere.",
    });
    await assert.rejects(
      check("127.0.0.1:1", "192.168.255.254/29:80", "192.169.0.0:80"),
      /^InterlockError: 192\.169\.0\.0 /,
    );
    const allowed = await checkReach(targets("8.8.8.8:53"), { anywhere: true });
    assert.deepEqual(allowed, [{ host: "8.8.8.8", address: "8.8.8.8", ports: [{ from: 53, to: 53 }] }]);
  });

  it("judges a name by every address, and keeps those addresses", async () => {
    const ports = [{ from: 80, to: 80 }];
    assert.deepEqual(await check("two.local:80"), [
      { host: "two.local", address: "10.0.0.7", ports },
      { host: "two.local", address: "fd00::7", ports },
    ]);
    await assert.rejects(check("half.example:80"), /half\.example \(93\.184\.216\.34\) is neither/);
  });

  it("scans an address once, with the ports of every target that has it", async () => {
    assert.deepEqual(await check("arm.local:80-90", "10.0.0.7:85-95,443"), [
      {
        host: "arm.local",
        address: "10.0.0.7",
        ports: [
          { from: 80, to: 95 },
          { from: 443, to: 443 },
        ],
      },
    ]);
  });

  it("refuses a name without an address", async () => {
    for (const name of ["none.local", "unknown.local"])
      await assert.rejects(check(name), { code: "NOT_FOUND", message: `The name ${name} has no address.` });
  });

  it("dials no IPv6 address where there is no IPv6", async () => {
    const options = { resolve, hasIPv6: false };
    const found = await checkReach(targets("two.local:80"), options);
    assert.deepEqual(
      found.map(({ address }) => address),
      ["10.0.0.7"],
    );
    await assert.rejects(checkReach(targets("[fd00::7]:80"), options), { code: "FAILED_PRECONDITION" });
  });

  it("holds at its bounds", async () => {
    assert.equal((await check("full.local:80")).length, maximumAddressesOfName);
    await assert.rejects(check("crowd.local:80"), /at most 16 of a name, not 17 addresses of crowd\.local/);
    assert.equal((await check("10.0.0.0/20:80")).length, 4_096);
    await assert.rejects(check("10.0.0.0/20:80", "10.1.0.0:80"), /at most 4096, not more addresses/);
    await check("10.0.0.0/28");
    await assert.rejects(check("10.0.0.0/28", "10.1.0.0"), /at most 1048576, not 1114095 pairs/);
    const many = Array.from({ length: maximumTargets }, () => "10.0.0.7:80");
    assert.equal((await check(...many)).length, 1);
    await assert.rejects(check(...many, "10.0.0.7:80"), /at most 1024, not 1025 targets/);
  });

  it("resolves with the system", async () => {
    const hosts = await checkReach(targets("localhost:80"));
    assert.ok(hosts.length > 0 && hosts.every(({ address }) => ["127.0.0.1", "::1"].includes(address)));
  });
});
