import assert from "node:assert/strict";
import { createCoverage, maximumReasons } from "./coverage.js";
import { gripper } from "./testing/cafe-fleet.js";
import { ago, type BotSpec, fleetWith, now } from "./testing/fleet.js";

const since = ago(30);

/** The gaps in the coverage of the gripper's service, as served by these bots. */
function gaps(...bots: readonly Omit<BotSpec, "serves">[]): readonly string[] {
  const { fleet } = fleetWith({ bots: bots.map((bot) => ({ ...bot, serves: [gripper] })) });
  return createCoverage(fleet, { from: since, to: now })(gripper.name).gaps;
}

describe("the coverage of a service", () => {
  it("is whole when every server has reported since before the window", () => {
    assert.deepEqual(gaps({ name: "gripper/1" }, { name: "gripper/2", servedSince: since }), []);
  });

  it("has a gap without a server, and with one that began to report within the window", () => {
    assert.match(gaps()[0] ?? "", /GripperService has no server that has ever reported/);
    assert.deepEqual(gaps({ name: "gripper/1" }, { name: "gripper/2", servedSince: since + 1 }), [
      "gripper/2 has reported its calls only since 2026-04-12 12:00 UTC",
    ]);
  });

  it("has none for a bot that joined within the window, beside an older one", () => {
    const young = { name: "gripper/2", joinedAt: ago(5), servedSince: ago(5) };
    assert.deepEqual(gaps({ name: "gripper/1" }, young), []);
    assert.equal(gaps(young).length, 1, "alone, it says nothing of the time before");
    assert.equal(gaps({ name: "gripper/1" }, { ...young, joins: false }).length, 1);
  });

  it("has a gap for a server that did not count within the window", () => {
    assert.deepEqual(gaps({ name: "gripper/1", uncountedAt: since }), [
      "gripper/1 has served it without counting every call, last at 2026-04-12 12:00 UTC",
    ]);
    assert.deepEqual(gaps({ name: "gripper/1", uncountedAt: since - 1 }), []);
  });

  it("has a gap for a server that vanished, and may have served on", () => {
    const vanished = { name: "gripper/1", lastSeenAt: ago(2), certificateExpiresAt: now + 1 };
    assert.match(gaps(vanished)[0] ?? "", /^gripper\/1 has not been seen since .*, and may still serve it$/);
    const served = gaps({ ...vanished, certificateExpiresAt: ago(1) })[0];
    assert.match(served ?? "", /and may have served it until its access ended$/);
    assert.deepEqual(
      gaps({ ...vanished, lastSeenAt: ago(31), certificateExpiresAt: ago(30) }),
      [],
      "before the window",
    );
    assert.equal(gaps({ ...vanished, joins: false }).length, 1, "its certificate comes from elsewhere");
  });

  it("has none for a server that ended in good order, was retired at once, or missed a report", () => {
    const bot = { name: "gripper/1", certificateExpiresAt: now + 1 };
    assert.deepEqual(gaps({ ...bot, stoppedAt: ago(2) }), []);
    assert.deepEqual(gaps({ ...bot, lastSeenAt: ago(2), retiredAt: ago(2) + 120_000 }), []);
    assert.equal(gaps({ ...bot, lastSeenAt: ago(2), retiredAt: ago(2) + 120_001 }).length, 1);
    assert.deepEqual(gaps({ ...bot, lastSeenAt: now - 120_000 }), []);
    assert.equal(gaps({ ...bot, lastSeenAt: now - 120_001 }).length, 1);
  });

  it("of all that is on record needs no server from the beginning", () => {
    const { fleet } = fleetWith({ bots: [{ name: "gripper/1", serves: [gripper], servedSince: ago(1) }] });
    assert.deepEqual(createCoverage(fleet, { to: now })(gripper.name).gaps, []);
  });

  it("names a bounded number of servers", () => {
    const many = Array.from({ length: maximumReasons + 1 }, (_, i) => ({ name: `gripper/${i}`, uncountedAt: now }));
    assert.equal(gaps(...many).length, maximumReasons);
  });
});
