import assert from "node:assert/strict";
import { createReachableAddress, reachableHost } from "./reachable-address.js";

const eth0 = { interface: "eth0", host: "10.0.0.1" };
const wlan0 = { interface: "wlan0", host: "192.168.1.7" };

describe("the host at which others reach a server", () => {
  it("is the one on which it listens, unless that is every interface", async () => {
    assert.equal(await reachableHost("10.0.0.9", { own: [eth0] }), "10.0.0.9");
    assert.equal(await reachableHost("0.0.0.0", { own: [eth0] }), "10.0.0.1");
    assert.equal(await reachableHost("::", { own: [eth0] }), "10.0.0.1");
  });

  it("is this machine alone where there is no network", async () => {
    assert.equal(await reachableHost("0.0.0.0", { own: [] }), "127.0.0.1");
    assert.equal(await reachableHost("::", { own: [] }), "::1");
  });

  it("is the one on the way to the fleet, of several; without one, the user has to say", async () => {
    const own = [eth0, wlan0];
    const towards = (host: string | undefined) => ({ own, towardsFleet: async () => host });
    assert.equal(await reachableHost("0.0.0.0", towards("192.168.1.7")), "192.168.1.7");
    assert.equal(await reachableHost("::", towards("2001:db8::7")), "2001:db8::7");
    for (const options of [{ own }, towards(undefined), towards("127.0.0.1"), towards("2001:db8::7")]) {
      await assert.rejects(reachableHost("0.0.0.0", options), {
        code: "FAILED_PRECONDITION",
        message: /several addresses: 10\.0\.0\.1 \(eth0\), 192\.168\.1\.7 \(wlan0\)\. .*advertise: "10\.0\.0\.1"/,
      });
    }
  });

  it("is what the user says, with another port if that is said, too", async () => {
    const at = async (advertise: string) => (await createReachableAddress({ host: "0.0.0.0", advertise }))(50_051);
    assert.equal(await at("arm.local"), "arm.local:50051");
    assert.equal(await at("arm.local:443"), "arm.local:443");
    assert.equal(await at("2001:db8::7"), "[2001:db8::7]:50051");
    await assert.rejects(at("0.0.0.0"), /every interface/);
    await assert.rejects(at("https://arm.local"), /a URL is not an address/);
    assert.equal((await createReachableAddress({}))(1), "127.0.0.1:1");
    assert.equal((await createReachableAddress({ host: "::1" }))(1), "[::1]:1");
  });
});
