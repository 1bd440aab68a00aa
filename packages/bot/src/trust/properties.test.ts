import assert from "node:assert/strict";
import { isTrustDomain } from "@interlock/policy";
import fc from "fast-check";
import { InterlockError } from "../base/error.js";
import { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import type { Identity } from "../identity/identity.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { verifyToken } from "../token/verify-token.js";
import { applyTrustUpdate } from "./apply-update.js";
import { createTrust, type TrustState } from "./trust.js";

describe("updates of the trust, whatever they are", () => {
  let fleet: TestFleet;
  let caller: Identity;
  let token: string;
  before(async () => {
    fleet = await createTestFleet();
    caller = await fleet.ca.issue("spiffe://test/caller/1");
    token = await fleet.token(caller, EchoService.name, ["echo:call"]);
  });

  const text = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("test", "**", "worker/*", "spiffe://test/caller/1"),
  );
  const subject = fc.record({
    $case: fc.constantFrom("identity", "pattern", "certificate", "token"),
    value: text,
  });
  const revocation = fc.record({ subject: fc.option(subject, { nil: undefined }), reason: text });
  const keys = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.record({ keys: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }) }),
    fc.constant({ keys: [] }),
  );
  const update = fc.record({
    appliesTo: fc.constantFrom(0n, 1n, 2n),
    resultsIn: fc.bigInt({ min: 0n, max: 3n }),
    trustDomain: fc.oneof({ weight: 4, arbitrary: fc.constant("test") }, text),
    issuer: fc.oneof({ weight: 4, arbitrary: fc.constant("https://test") }, text),
    ca: fc.constantFrom("good", "good", "good", "none", "bad"),
    jwks: fc.oneof(
      keys.map((value) => JSON.stringify(value)),
      text,
    ),
    revocations: fc.array(revocation, { maxLength: 3 }),
    unrevoked: fc.array(revocation, { maxLength: 3 }),
    cutOffs: fc.array(
      fc.record({
        identity: text,
        service: text,
        scope: text,
        grantsVersion: fc.bigInt({ min: 0n, max: 9n }),
        except: fc.array(text),
      }),
      { maxLength: 2 },
    ),
    staleAfterSeconds: fc.constantFrom(0, 60, 60, 60),
  });

  /** What the trust comes to, which has to be sound; `undefined` where it was refused. */
  function apply(given: WatchTrustResponse): TrustState | undefined {
    let state: TrustState;
    try {
      state = applyTrustUpdate(fleet.trust.state, given);
    } catch (error) {
      assert.ok(error instanceof Error);
      return undefined;
    }
    assert.equal(state.version, given.resultsIn);
    assert.ok(given.appliesTo === 0n || given.appliesTo === fleet.trust.state.version);
    assert.ok(isTrustDomain(state.trustDomain) && state.trustDomain === "test");
    assert.ok(state.caCertificates.length > 0 && state.issuer !== "" && state.staleAfterMs > 0);
    return state;
  }

  it("are refused, or make a trust that every call can be held against", async () => {
    let applied = 0;
    await fc.assert(
      fc.asyncProperty(update, async ({ ca, ...given }) => {
        const caCertificates = { good: [fleet.ca.der], none: [], bad: [Uint8Array.of(48, 0)] }[ca];
        const state = apply(WatchTrustResponse.fromPartial({ ...given, caCertificates } as never));
        if (!state) return;
        applied++;
        const trust = createTrust(fleet.trust.state);
        trust.replace(state);
        const { spiffeId, leaf: certificate } = caller;
        trust.peerRevoked(spiffeId.uri, certificate);
        trust.tokenRevoked("id");
        trust.tokenOutdated({
          name: spiffeId.name,
          actors: [],
          audiences: new Set(),
          scopes: new Set(),
          grantsVersion: 0,
        });
        trust.state.jwks.keys.some(({ kid }) => kid === "key-1");
        await assert.rejects(
          verifyToken(token, { trust: state, spiffeId, certificate, now: Date.now() }),
          (error) => error instanceof InterlockError && error.code === "UNAUTHENTICATED",
        );
      }),
      { numRuns: 1_500 },
    );
    assert.ok(applied > 50, `only ${applied} were applied: the test tests nothing`);
  });

  it("are refused when they are bytes at random", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        let given: WatchTrustResponse;
        try {
          given = WatchTrustResponse.decode(bytes);
        } catch (error) {
          assert.ok(error instanceof Error);
          return;
        }
        assert.equal(apply(given), undefined);
      }),
    );
  });
});
