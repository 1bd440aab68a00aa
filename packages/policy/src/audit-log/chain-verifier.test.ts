import assert from "node:assert/strict";
import { type AuditPosition, type AuditRecord, hashOf, toRecord } from "./audit-record.js";
import { createChainVerifier } from "./chain-verifier.js";

const start: AuditPosition = { seq: 0, hash: "" };

function chain(length: number, from = start): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let i = 0; i < length; i++) {
    const entry = {
      at: 1_000 + i,
      kind: "revoke",
      actor: "spiffe://cafe/a",
      subject: `bot/${i}`,
      details: { i },
    } as const;
    records.push(toRecord(entry, records.at(-1) ?? from));
  }
  return records;
}

describe("createChainVerifier", () => {
  const good = chain(6);
  const head = good.at(-1) as AuditRecord;
  const verify = (
    records: readonly AuditRecord[],
    kept?: AuditPosition,
    checkpoint = start,
    end: AuditPosition = head,
  ) => {
    const verifier = createChainVerifier({ checkpoint, head: end, kept });
    for (const record of records) verifier.add(record);
    return verifier.finish().map(({ kind, seq }) => `${kind} ${seq}`);
  };
  const at = (seq: number) => good[seq - 1] as AuditRecord;
  const rehashed = (record: AuditRecord) => ({ ...record, hash: hashOf(record) });

  it("finds nothing wrong with what is as it was written", () => {
    assert.deepEqual(verify(good), []);
    assert.deepEqual(verify(good, at(3)), []);
    assert.deepEqual(verify([], undefined, start, start), []);
    assert.deepEqual(verify(good.slice(2), at(2), at(2)), [], "after pruning");
  });

  it("names a record that was changed, in every field", () => {
    const change = { at: 1, kind: "join", actor: "x", subject: "x", details: "{}", previous: "x", hash: "x" };
    for (const [field, value] of Object.entries(change)) {
      const records = good.with(2, { ...at(3), [field]: value });
      assert.deepEqual(verify(records), ["changed 3"], field);
    }
    assert.deepEqual(verify(good.with(5, { ...head, subject: "x" })), ["changed 6"], "the last one");
  });

  it("names a record that was changed together with its hash", () => {
    assert.deepEqual(verify(good.with(2, rehashed({ ...at(3), subject: "x" }))), ["changed 3"]);
    assert.deepEqual(verify(good.with(5, rehashed({ ...head, subject: "x" }))), ["changed 6"]);
  });

  it("names records that are missing, wherever they stood", () => {
    assert.deepEqual(verify(good.slice(1)), ["missing 1"]);
    assert.deepEqual(verify(good.toSpliced(2, 2)), ["missing 3"]);
    assert.deepEqual(verify(good.slice(0, 4)), ["missing 5"]);
    assert.deepEqual(verify([]), ["missing 1"]);
  });

  it("names records that changed places", () => {
    assert.deepEqual(verify(good.with(2, at(4)).with(3, at(3))), ["missing 3", "moved 3"]);
    const swapped = good.with(2, { ...at(4), seq: 3 }).with(3, { ...at(3), seq: 4 });
    assert.deepEqual(verify(swapped), ["changed 3", "changed 4"]);
  });

  it("finds with a kept head that the whole log was written anew", () => {
    const forged = chain(6).map((record) => record);
    const anew: AuditRecord[] = [];
    for (const { at, actor, subject } of forged) {
      anew.push(toRecord({ at, kind: "join", actor, subject, details: {} }, anew.at(-1) ?? start));
    }
    const end = anew.at(-1) as AuditRecord;
    assert.deepEqual(verify(anew, undefined, start, end), [], "by itself it is a good chain");
    assert.deepEqual(verify(anew, at(4), start, end), ["changed 4"]);
    assert.deepEqual(verify(anew.slice(0, 2), at(4), start, anew[1]), ["changed 4"], "cut off before it");
    assert.deepEqual(verify(good.slice(3), at(2), at(3)), ["missing 2"], "pruned");
  });

  it("finds a checkpoint that is not the one the log goes on from", () => {
    assert.deepEqual(verify(good.slice(2), undefined, { seq: 2, hash: "x" }), ["changed 2"]);
  });
});
