import assert from "node:assert/strict";
import type { Client } from "../client/client.js";
import { WatchTrustResponse } from "../gen/interlock/authority/v1/authority.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import { silentLog } from "../log.js";
import { deferred } from "../testing/deferred.js";
import { createTestFleet } from "../testing/test-fleet.js";
import type { TrustState } from "../trust/trust.js";
import { followTrust } from "./trust-feed.js";

describe("trust feed", () => {
  it("asks past a feed that is behind when something is unknown, and takes nothing twice", async () => {
    const { trust, ca } = await createTestFleet();
    const update = (appliesTo: bigint, resultsIn: bigint, kid: string) =>
      WatchTrustResponse.fromPartial({
        appliesTo,
        resultsIn,
        trustDomain: "test",
        issuer: "https://test",
        caCertificates: [ca.der],
        jwks: JSON.stringify({ keys: [{ kid }] }),
        staleAfterSeconds: 60,
      });
    const late = deferred();
    const followed = deferred();
    const asked: bigint[] = [];
    const ending = new AbortController();
    const authority = {
      async *watchTrust({ version }: { version: bigint }): AsyncGenerator<WatchTrustResponse, void> {
        asked.push(version);
        if (asked.length > 1) {
          yield update(1n, 2n, "key-2");
          return;
        }
        await late.promise;
        yield update(1n, 2n, "key-late"); // The refetch has brought that version already.
        yield update(2n, 3n, "key-3");
        followed.resolve();
        ending.abort();
      },
    } as unknown as Client<typeof AuthorityService>;
    const saved: bigint[] = [];
    const folder = { load: async () => undefined, save: async (state: TrustState) => void saved.push(state.version) };
    const following = followTrust({ authority, trust, folder, log: silentLog, signal: ending.signal });

    assert.equal(await trust.refetch(), true);
    assert.deepEqual([trust.state.version, trust.state.jwks.keys[0]?.kid], [2n, "key-2"]);
    assert.equal(await trust.refetch(), false, "it has not cooled down");
    late.resolve();
    await followed.promise;
    await following;
    assert.equal(trust.state.jwks.keys[0]?.kid, "key-3");
    assert.deepEqual(
      [asked, saved],
      [
        [1n, 1n],
        [2n, 3n],
      ],
    );
  });

  it("puts an update in force while the one before it is still on its way to the disk", async () => {
    const { trust, ca } = await createTestFleet();
    const disk = deferred();
    const ending = new AbortController();
    const authority = {
      async *watchTrust(): AsyncGenerator<WatchTrustResponse, void> {
        for (const version of [2n, 3n, 4n]) {
          yield WatchTrustResponse.fromPartial({
            resultsIn: version,
            trustDomain: "test",
            issuer: "https://test",
            caCertificates: [ca.der],
            jwks: '{"keys":[]}',
            staleAfterSeconds: 60,
          });
        }
        ending.abort();
      },
    } as unknown as Client<typeof AuthorityService>;
    const saved: bigint[] = [];
    const save = async ({ version }: TrustState) => {
      saved.push(version);
      await disk.promise;
    };
    const folder = { load: async () => undefined, save };
    const inForce = new Promise<void>((resolve) => {
      trust.onChange(({ state }) => state.version === 4n && resolve());
    });
    const following = followTrust({ authority, trust, folder, log: silentLog, signal: ending.signal });
    await inForce;
    assert.deepEqual(saved, [2n]);
    disk.resolve();
    await following;
    assert.deepEqual(saved, [2n, 4n], "what was overtaken is not saved");
  });
});
