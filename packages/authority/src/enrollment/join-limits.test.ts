import assert from "node:assert/strict";
import { createJoinLimits } from "./join-limits.js";

describe("limits on joining", () => {
  const from = (address: string, name = "a") => ({ address, joinToken: "", name });

  it("stop an address after 20 failures, whatever its port and the names, and let it in again after a while", async () => {
    const limits = createJoinLimits();
    for (let i = 0; i < 20; i++) {
      await limits.failed(from(`10.0.0.1:${i}`, String(i)), 0);
    }
    await assert.rejects(limits.failed(from("10.0.0.1:9"), 0), { reason: "RATE_LIMITED", message: /attempts to join/ });
    await limits.check("a", 0); // Its tokens may be good.
    await limits.failed(from("10.0.0.2:9"), 0);
    await limits.failed(from("10.0.0.1:9"), 1_000);
  });

  it("take the first 64 bits of an IPv6 address for one source", async () => {
    const limits = createJoinLimits();
    for (let i = 0; i < 20; i++) await limits.failed(from(`2001:db8::${i}:1`), 0);
    await assert.rejects(limits.failed(from("2001:db8::ffff:1"), 0), { reason: "RATE_LIMITED" });
    await limits.failed(from("2001:db8:0:1::1:1"), 0);
  });

  it("stop a name after 20 joins from anywhere, and no other; failures do not count against it", async () => {
    const limits = createJoinLimits();
    for (let i = 0; i < 19; i++) await limits.joined("a", 0);
    for (let i = 0; i < 100; i++) await limits.failed(from(`10.0.0.${i}:1`), 0);
    await limits.check("a", 0);
    await limits.joined("a", 0);
    await assert.rejects(limits.check("a", 0), { reason: "RATE_LIMITED", message: /under this name/ });
    await limits.check("b", 0);
    await limits.check("a", 10_000);
  });

  it("stop an expired certificate after 20 proofs, and not the name of its bot", async () => {
    const limits = createJoinLimits();
    for (let i = 0; i < 20; i++) await limits.proved("0a", 0);
    await assert.rejects(limits.proved("0a", 0), { reason: "RATE_LIMITED", message: /certificate/ });
    await limits.check("a", 0);
    await limits.proved("0b", 0);
    await limits.proved("0a", 10_000);
  });
});
