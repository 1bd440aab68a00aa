import assert from "node:assert/strict";
import { chooseAdvertised } from "./choose-advertised.js";

const eth0 = { interface: "eth0", host: "10.0.0.1" };
const wlan0 = { interface: "wlan0", host: "192.168.1.7" };
const several = [eth0, wlan0];

describe("the address that interlock up advertises", () => {
  it("is of this machine only, unless something else is said", async () => {
    assert.deepEqual(await chooseAdvertised({ own: several }), { host: "127.0.0.1" });
    assert.deepEqual(await chooseAdvertised({ own: several, host: "10.0.0.1" }), { host: "10.0.0.1" });
  });

  it("is the given one, and up listens on every interface then", async () => {
    const given = (advertise: string, host?: string) => chooseAdvertised({ own: several, advertise, host });
    assert.deepEqual(await given("auth.cafe"), { host: "0.0.0.0", advertise: "auth.cafe" });
    assert.deepEqual(await given("auth.cafe:443"), { host: "0.0.0.0", advertise: "auth.cafe:443" });
    assert.deepEqual(await given("2001:db8::7"), { host: "::", advertise: "2001:db8::7" });
    assert.deepEqual(await given("[2001:db8::7]:443"), { host: "::", advertise: "[2001:db8::7]:443" });
    assert.deepEqual(await given("auth.cafe", "10.0.0.1"), { host: "10.0.0.1", advertise: "auth.cafe" });
  });

  for (const [name, options] of [
    ["--advertise", { advertise: true }],
    ["--host 0.0.0.0", { host: "0.0.0.0" }],
  ] as const) {
    it(`is the only one of this machine with ${name}, or chosen by the person at the terminal`, async () => {
      const choose = (own: typeof several, answer?: string) =>
        chooseAdvertised({ ...options, own, ask: answer === undefined ? undefined : async () => answer });
      assert.deepEqual(await choose([]), { host: "0.0.0.0" });
      assert.deepEqual(await choose([wlan0]), { host: "0.0.0.0", advertise: "192.168.1.7" });
      assert.deepEqual(await choose(several, ""), { host: "0.0.0.0", advertise: "10.0.0.1" });
      assert.deepEqual(await choose(several, "2\n"), { host: "0.0.0.0", advertise: "192.168.1.7" });
      assert.deepEqual(await choose(several, "auth.cafe"), { host: "0.0.0.0", advertise: "auth.cafe" });
      await assert.rejects(choose(several), {
        code: "INVALID_ARGUMENT",
        message: /2\. 192\.168\.1\.7 \(wlan0\)[\s\S]*--advertise 10\.0\.0\.1/,
      });
    });
  }
});
