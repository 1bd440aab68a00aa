import assert from "node:assert/strict";
import type { CertificateRow, LineageRow } from "../store/schema.js";
import { adopt, beginLineage, continueLineage, type Issued, judgeDescent, judgeUse, markSeen } from "./lineage.js";

/** The records of certificates, in memory. */
function fakeRecords() {
  const lineages = new Map<string, LineageRow>();
  const rows = new Map<string, CertificateRow>();
  const certificates = {
    lineage: async (name: string) => lineages.get(name),
    saveLineage: async (row: LineageRow) => void lineages.set(row.name, row),
    add: async (row: CertificateRow) => void rows.set(row.serial, row),
    find: async (serial: string) => rows.get(serial),
  };
  return { records: { certificates } as unknown as Parameters<typeof markSeen>[0], lineages, rows };
}

const leaf = (serial: string): Issued => ({ serial, notAfter: 100, root: "r" });

describe("lineage", () => {
  const lineage = { name: "a", firstGeneration: 2, lastGeneration: 4, seenGeneration: 3, seenSerial: "c3", adopts: 1 };
  const certificate = (generation: number, serial = `c${generation}`) =>
    ({ serial, name: "a", generation, issuedAt: 0, expiresAt: 100 }) as CertificateRow;

  for (const [what, given, judged] of [
    ["the one that was seen last", certificate(3), "ok"],
    ["one after it, whose answer was lost", certificate(4), "ok"],
    ["another of its generation", certificate(3, "x"), "cloned"],
    ["one before it", certificate(2), "cloned"],
    ["one from before the bot joined again", certificate(1), "superseded"],
    ["one that is not on record", undefined, "superseded"],
  ] as const) {
    it(`a renewal over ${what}: ${judged}`, () => assert.equal(judgeDescent(lineage, given), judged));
  }

  it("begins after all there were, and keeps what was seen", async () => {
    const { records, lineages, rows } = fakeRecords();
    assert.equal(await beginLineage(records, "a", leaf("c1"), 7), 1);
    assert.deepEqual(lineages.get("a"), {
      name: "a",
      firstGeneration: 1,
      lastGeneration: 1,
      seenGeneration: 0,
      seenSerial: "",
      adopts: 0,
    });
    assert.deepEqual(rows.get("c1"), {
      serial: "c1",
      name: "a",
      generation: 1,
      issuedAt: 7,
      expiresAt: 100,
      root: "r",
    });
    lineages.set("a", lineage);
    assert.equal(await beginLineage(records, "a", leaf("c5"), 8), 5);
    assert.deepEqual(lineages.get("a"), { ...lineage, firstGeneration: 5, lastGeneration: 5, adopts: 0 });
  });

  it("goes on from a certificate, which has been seen by that", async () => {
    const { records, lineages, rows } = fakeRecords();
    assert.equal(await continueLineage(records, lineage, certificate(4), leaf("c5"), 9), 5);
    assert.deepEqual(lineages.get("a"), {
      ...lineage,
      lastGeneration: 5,
      seenGeneration: 4,
      seenSerial: "c4",
      adopts: 0,
    });
    assert.equal(rows.get("c5")?.generation, 5);
    // Once more over the one before: the last generation stays the last.
    assert.equal(await continueLineage(records, lineage, certificate(2), leaf("x3"), 9), 3);
    assert.equal(lineages.get("a")?.lastGeneration, 4);
  });

  it("adopts a certificate that is not on record as the latest, and no second one", async () => {
    const { records, rows } = fakeRecords();
    const adopted = await adopt(records, lineage, "x", 9, 100);
    const certificate = { serial: "x", name: "a", generation: 5, issuedAt: 9, expiresAt: 100, root: "" };
    assert.deepEqual(adopted, { lineage: { ...lineage, lastGeneration: 5, adopts: 0 }, certificate });
    assert.deepEqual(rows.get("x"), certificate);
  });

  it("marks what is seen", async () => {
    const { records, lineages } = fakeRecords();
    await markSeen(records, lineage, certificate(4));
    assert.deepEqual(lineages.get("a"), { ...lineage, seenGeneration: 4, seenSerial: "c4" });
  });

  const late = { ...lineage, firstGeneration: 2, lastGeneration: 7, seenGeneration: 6, seenSerial: "c6" };
  for (const [what, given, judged] of [
    ["a new one", certificate(7), "first"],
    ["the one that was seen last", certificate(6), "known"],
    ["the one before it, by an old connection or another process", certificate(5), "known"],
    ["another of its generation", certificate(6, "x"), "cloned"],
    ["one from two generations before", certificate(4), "cloned"],
    ["one from long before", certificate(2), "cloned"],
    ["one from before the bot joined again", certificate(1), "known"],
  ] as const) {
    it(`a use of ${what}: ${judged}`, () => assert.equal(judgeUse(late, given), judged));
  }
});
