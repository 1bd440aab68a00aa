import assert from "node:assert/strict";
import { ownAddresses, ownAddressTowards } from "./own-addresses.js";

const v4 = (address: string, internal = false) => ({ address, family: "IPv4" as const, internal });
const v6 = (address: string, internal = false) => ({ address, family: "IPv6" as const, internal });

describe("the addresses of this machine", () => {
  const lo = [v4("127.0.0.1", true), v6("::1", true)];

  it("are one for each interface, IPv4 where it has one, without loopback and link-local ones", () => {
    const interfaces = {
      lo,
      eth0: [v6("fe80::1"), v6("2001:db8::1"), v4("10.0.0.1")],
      wlan0: [v6("2001:db8::2"), v6("2001:db8::3")],
      usb0: [v4("169.254.7.7"), v6("FE80::2")],
      gone: undefined,
    };
    assert.deepEqual(ownAddresses("any", interfaces), [
      { interface: "eth0", host: "10.0.0.1" },
      { interface: "wlan0", host: "2001:db8::2" },
    ]);
    assert.deepEqual(ownAddresses("IPv4", interfaces), [{ interface: "eth0", host: "10.0.0.1" }]);
    assert.deepEqual(ownAddresses("any", { lo }), []);
  });

  it("are those of container engines only where there are no others", () => {
    const docker0 = [v4("172.17.0.1")];
    assert.deepEqual(ownAddresses("any", { docker0, eth0: [v4("10.0.0.1")] }), [
      { interface: "eth0", host: "10.0.0.1" },
    ]);
    assert.deepEqual(ownAddresses("any", { lo, docker0 }), [{ interface: "docker0", host: "172.17.0.1" }]);
  });

  it("include the one on the way to a peer, which is asked of the system", async () => {
    assert.equal(await ownAddressTowards({ host: "127.0.0.1", port: 9 }), "127.0.0.1");
    assert.equal(await ownAddressTowards({ host: "no-such-host.invalid", port: 9 }), undefined);
  });
});
