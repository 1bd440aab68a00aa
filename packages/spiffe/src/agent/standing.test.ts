import assert from "node:assert/strict";
import { createObservable, type LogFields, silentLog } from "@interlock/bot";
import { createTestCa, createTestFleet } from "@interlock/bot/testing";
import { watchStanding } from "./standing.js";

describe("watchStanding", () => {
  const id = "spiffe://test/vision/1";

  it("changes with what is given out and with nothing else, and logs serial numbers and no key", async () => {
    const { ca, trust, revoke } = await createTestFleet();
    const identity = createObservable(await ca.issue(id));
    const logged: string[] = [];
    const take = (message: string, fields?: LogFields) => logged.push(`${message} ${JSON.stringify(fields)}`);
    const log = { ...silentLog, info: take, warn: take };
    const standing = watchStanding({ identity, trust, clock: { now: () => Date.now() }, log });
    let changes = 0;
    standing.onChange(() => changes++);
    const after = (work: () => void) => {
      work();
      const counted = changes;
      changes = 0;
      return counted;
    };

    const other = await createTestCa();
    const { state } = trust;
    assert.equal(
      after(() => revoke("identity", "spiffe://test/other/1")),
      0,
    );
    assert.equal(
      after(() => trust.replace({ ...state, caCertificates: [Uint8Array.from(ca.der)] })),
      0,
    );
    assert.equal(
      after(() => trust.replace({ ...state, caCertificates: [ca.der, other.der] })),
      1,
    );
    assert.equal(
      after(() => revoke("pattern", "vision/*")),
      1,
    );
    assert.equal(
      after(() => revoke("token", "t")),
      0,
      "it is withheld for the same reason",
    );
    const renewed = await ca.issue(id);
    trust.replace({ ...state });
    assert.equal(
      after(() => identity.replace(renewed)),
      2, // It was let in again, and then renewed.
    );
    standing.close();
    assert.equal(
      after(() => revoke("identity", id)),
      0,
    );
    assert.match(logged[0] ?? "", /^identity given out .*"serial":"[0-9a-f]+"/);
    assert.equal(logged.filter((line) => line.startsWith("identity withheld")).length, 1);
    assert.doesNotMatch(logged.join("\n"), /PRIVATE|BEGIN/);
  });

  it("withholds a certificate at the moment when it runs out", async () => {
    const { ca, trust } = await createTestFleet();
    const notAfter = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
    const identity = createObservable(await ca.issue(id, { notAfter }));
    const standing = watchStanding({ identity, trust, clock: { now: () => Date.now() }, log: silentLog });
    const alive = setInterval(() => {}, 1_000);
    await new Promise<void>((resolve) => standing.onChange(() => resolve()));
    clearInterval(alive);
    const now = standing.current();
    assert.ok("withheld" in now && now.withheld.reason === "CERTIFICATE_EXPIRED");
    standing.close();
  });
});
