import assert from "node:assert/strict";
import { sourceOf } from "./source.js";

describe("the source of an address", () => {
  it("is an IPv4 address by itself, and an IPv6 address by its first 64 bits", () => {
    for (const [address, source] of [
      ["192.0.2.7", "192.0.2.7"],
      ["::ffff:192.0.2.7", "192.0.2.7"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
      ["2001:0DB8:0001:0002::6", "2001:db8:1:2::/64"],
      ["2001:db8::6", "2001:db8:0:0::/64"],
      ["::1", "0:0:0:0::/64"],
      ["fe80::1%eth0", "fe80:0:0:0::/64"],
      ["64:ff9b::192.0.2.33", "64:ff9b:0:0::/64"],
      ["", ""],
    ] as const) {
      assert.equal(sourceOf(address), source, address);
    }
  });
});
