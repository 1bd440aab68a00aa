import assert from "node:assert/strict";
import { createTestCa } from "../testing/test-ca.js";
import { isRecoveryProved, type ProvedRecovery, proveRecovery } from "./recovery-proof.js";

describe("the proof of an expired certificate's key", () => {
  const uri = "spiffe://test/gripper/1";

  it("holds for exactly the request that it was made for", async () => {
    const ca = await createTestCa();
    const [mine, other] = [await ca.issue(uri), await ca.issue(uri)];
    const leaf = mine.chain[0] as Uint8Array;
    const request: ProvedRecovery = {
      challenge: Buffer.alloc(32, 1),
      leaf,
      csr: Buffer.from("request"),
      authority: "spiffe://test/interlock/authority",
    };
    const proof = proveRecovery(request, mine.privateKey);
    assert.equal(isRecoveryProved(request, proof), true);
    const changes: Partial<ProvedRecovery>[] = [
      { challenge: Buffer.alloc(32, 2) },
      { leaf: other.chain[0] as Uint8Array },
      { csr: Buffer.from("another") },
      { authority: "spiffe://other/interlock/authority" },
    ];
    for (const change of changes) assert.equal(isRecoveryProved({ ...request, ...change }, proof), false);
    assert.equal(isRecoveryProved(request, proveRecovery(request, other.privateKey)), false);
    for (const nonsense of [new Uint8Array(), proof.subarray(1), Buffer.concat([proof, Buffer.alloc(9)])]) {
      assert.equal(isRecoveryProved(request, nonsense), false);
    }
  });
});
