import assert from "node:assert/strict";
import type { VerifiedRecord } from "@interlock/audit";
import { findLogged } from "./verify.js";

const endedAt = 1_000_000;
const signer = "spiffe://cafe/operator/ada";
const verified = { sha256: "ab", signer, serial: "1", record: { endedAt } } as unknown as VerifiedRecord;

describe("the entry of a record in the audit log", () => {
  const entry = (seq: number, actor: string, at = endedAt) => {
    return { seq: BigInt(seq), at: BigInt(at), actor, details: '{"sha256":"ab"}' };
  };
  const find = (records: readonly object[]) => {
    const listLog = async () => ({ records, lookedAt: 0n, checkpoint: { seq: 0n } });
    return findLogged({ admin: { listLog } } as never, verified);
  };

  it("is the signer's, also when another operator has entered the same digest", async () => {
    const other = entry(9, "spiffe://cafe/operator/eve");
    assert.deepEqual(await find([entry(5, signer), other]), { seq: 5, at: endedAt });
    assert.deepEqual(await find([other, entry(5, signer)]), { seq: 5, at: endedAt });
    assert.match(JSON.stringify(await find([other])), /from spiffe:\/\/cafe\/operator\/eve, and/);
    assert.match(JSON.stringify(await find([entry(5, signer, endedAt + 600_000)])), /not its time/);
    assert.match(JSON.stringify(await find([])), /never recorded/);
  });
});
