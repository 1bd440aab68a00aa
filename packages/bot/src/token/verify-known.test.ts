import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import { createTestFleet } from "../testing/test-fleet.js";
import { verifyKnown } from "./verify-known.js";

describe("verifyKnown", () => {
  it("asks for the newest trust when a key is unknown, and for a flood of them once", async () => {
    let now = Date.now();
    const fleet = await createTestFleet({ now: () => now });
    const { trust } = fleet;
    const identity = await fleet.ca.issue("spiffe://test/a");
    const good = await fleet.token(identity, "a.B", ["a:b"]);
    const expectation = { spiffeId: identity.spiffeId, certificate: identity.leaf, now };
    const verify = (token: string) => verifyKnown(token, expectation, trust);
    const refused = (error: unknown) => error instanceof InterlockError && error.reason === "TOKEN_KEY_UNKNOWN";
    assert.deepEqual([...(await verify(good)).scopes], ["a:b"]);

    const { state } = trust;
    trust.replace({ ...state, jwks: { keys: [] } });
    await assert.rejects(verify(good), refused, "nobody to ask");
    let fetches = 0;
    trust.refetchWith(async () => {
      fetches++;
      trust.replace(state);
    });
    await verify(good);
    assert.equal(fetches, 1);

    const header = (kid: number) => ({ kid: `unknown-${kid}` });
    const flood = Array.from({ length: 50 }, async (_, i) => fleet.token(identity, "a.B", ["a:b"], {}, header(i)));
    for (const token of await Promise.all(flood)) await assert.rejects(verify(token), refused);
    assert.equal(fetches, 1, "it has not cooled down");
    now += 10_000;
    for (const token of await Promise.all(flood)) await assert.rejects(verify(token), refused);
    assert.equal(fetches, 2);
  });

  it("asks no authority because of a token that is invalid for another reason", async () => {
    const fleet = await createTestFleet();
    const { trust } = fleet;
    let fetches = 0;
    trust.refetchWith(async () => void fetches++);
    const { spiffeId, leaf: certificate } = await fleet.ca.issue("spiffe://test/a");
    const other = await fleet.token(await fleet.ca.issue("spiffe://test/b"), "a.B", []);
    const expectation = { spiffeId, certificate, now: Date.now() };
    await assert.rejects(verifyKnown(other, expectation, trust), { reason: "TOKEN_SUBJECT_MISMATCH" });
    await assert.rejects(verifyKnown("worthless", expectation, trust), { reason: "TOKEN_MALFORMED" });
    const failing = { ...expectation, certificate: undefined as never };
    await assert.rejects(
      verifyKnown(await fleet.token({ spiffeId, leaf: certificate } as never, "a.B", []), failing, trust),
      TypeError,
    );
    assert.equal(fetches, 0);
  });

  it("asks for the newest trust when the authority goes by a name that has not come here yet", async () => {
    const fleet = await createTestFleet();
    const { trust } = fleet;
    const { state } = trust;
    const identity = await fleet.ca.issue("spiffe://test/a");
    const verify = async (iss: string) => {
      const token = await fleet.token(identity, "a.B", ["a:b"], { iss });
      return verifyKnown(token, { spiffeId: identity.spiffeId, certificate: identity.leaf, now: Date.now() }, trust);
    };
    const refused = { reason: "TOKEN_ISSUER" };
    await assert.rejects(verify("https://new"), refused, "nobody to ask");
    trust.refetchWith(async () => trust.replace({ ...state, issuer: "https://new", formerIssuers: [state.issuer] }));
    assert.ok(await verify("https://new"));
    assert.ok(await verify(state.issuer), "what it was called before is as good");
    await assert.rejects(verify("https://other"), refused);
  });
});
