import assert from "node:assert/strict";
import { once } from "node:events";
import { systemClock } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import { type LogFields, silentLog } from "../base/log.js";
import type { Reason } from "../base/reason.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import type { Identity } from "../identity/identity.js";
import { deferred } from "../testing/deferred.js";
import { createTestCa } from "../testing/test-ca.js";
import { createTestFleet } from "../testing/test-fleet.js";
import { createAuthorityContact } from "../trust/authority-contact.js";
import { createTrust } from "../trust/trust.js";
import type { SavedTrust } from "../trust/trust-folder.js";
import { followTrust } from "./trust-feed.js";

const contact = createAuthorityContact("a:1", systemClock, silentLog);
/** Of a bot that is not refused: it is not read. */
const identity = { current: () => ({}) as Identity };
/** A reason in the answer of the authority. */
const answered = (reason: Reason) => new InterlockError("UNAUTHENTICATED", "no", { reason, remote: true });

/** What the feeds of these tests have in common. */
const quiet = { clock: systemClock, contact, log: silentLog, reconnect() {} };

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
    const folder = {
      load: async () => undefined,
      save: async ({ state }: SavedTrust) => void saved.push(state.version),
    };
    const feed = followTrust({
      authority,
      ...quiet,
      identity,
      trust,
      folder,
      signal: ending.signal,
    });

    assert.equal(await trust.refetch(), true);
    assert.deepEqual([trust.state.version, trust.state.jwks.keys[0]?.kid], [2n, "key-2"]);
    assert.equal(await trust.refetch(), false, "it has not cooled down");
    late.resolve();
    await followed.promise;
    await feed.ended;
    assert.equal(trust.state.jwks.keys[0]?.kid, "key-3");
    assert.deepEqual(
      [asked, saved],
      [
        [1n, 1n],
        [2n, 3n],
      ],
    );
  });

  it("takes federated domains from a sign of life where it knows of none, and once", async () => {
    const { trust, ca } = await createTestFleet();
    const { der } = await createTestCa("partner");
    const domain = {
      trustDomain: "partner",
      caCertificates: [der],
      services: ["a.B"],
      identities: ["spiffe://partner/**"],
    };
    const sign = WatchTrustResponse.fromPartial({
      appliesTo: 1n,
      resultsIn: 1n,
      trustDomain: "test",
      issuer: "https://test",
      caCertificates: [ca.der],
      jwks: JSON.stringify({ keys: [] }),
      staleAfterSeconds: 60,
      federated: [{ ...domain, since: new Date(7) }],
    });
    const ending = new AbortController();
    const authority = {
      async *watchTrust(): AsyncGenerator<WatchTrustResponse, void> {
        yield sign;
        yield sign;
        ending.abort();
      },
    } as unknown as Client<typeof AuthorityService>;
    let changes = 0;
    trust.onChange(() => changes++);
    const folder = { load: async () => undefined, save: async () => {} };
    await followTrust({ ...quiet, authority, identity, trust, folder, signal: ending.signal }).ended;
    assert.deepEqual(trust.state.federated, [{ ...domain, since: 7 }]);
    assert.equal(changes, 1);
  });

  it("leaves a connection over which it hears nothing, and does not take what it refused for word", async () => {
    const { ca } = await createTestFleet();
    const state = { version: 1n, trustDomain: "test", issuer: "i", caCertificates: [ca.der], jwks: { keys: [] } };
    const trust = createTrust({ ...state, revocations: [], staleAfterMs: 30 }, systemClock, {
      heardAt: 0,
      heard: false,
    });
    const ending = new AbortController();
    const told: string[] = [];
    let calls = 0;
    const authority = {
      async *watchTrust(_: object, { signal }: { signal: AbortSignal }): AsyncGenerator<WatchTrustResponse, void> {
        calls++;
        if (calls === 1) {
          await once(signal, "abort");
          throw new InterlockError("CANCELLED", "The call was canceled.");
        }
        if (calls === 2) yield WatchTrustResponse.fromPartial({ appliesTo: 7n, resultsIn: 8n, trustDomain: "test" });
        ending.abort();
      },
    } as unknown as Client<typeof AuthorityService>;
    const folder = { load: async () => undefined, save: async () => {} };
    const log = {
      ...silentLog,
      warn(message: string, fields: LogFields = {}) {
        told.push(message, String(fields.error), `stale ${fields.stale}`);
      },
    };
    const alive = setInterval(() => {}, 1_000);
    const feed = followTrust({
      authority,
      clock: systemClock,
      contact: createAuthorityContact("a:1", systemClock, log),
      identity,
      trust,
      folder,
      log,
      signal: ending.signal,
      reconnect: () => told.push("reconnect"),
    });
    await feed.attempted;
    await feed.ended;
    clearInterval(alive);
    const [reconnected, , silence, , , refusal, stale] = told;
    assert.deepEqual([reconnected, silence], ["reconnect", "nothing has been heard from the authority"]);
    assert.match(refusal ?? "", /is for version 7/);
    assert.equal(stale, "stale true");
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
    const save = async ({ state }: SavedTrust) => {
      saved.push(state.version);
      await disk.promise;
    };
    const folder = { load: async () => undefined, save };
    const inForce = new Promise<void>((resolve) => {
      trust.onChange(({ state }) => state.version === 4n && resolve());
    });
    const feed = followTrust({
      authority,
      ...quiet,
      identity,
      trust,
      folder,
      signal: ending.signal,
    });
    await inForce;
    assert.deepEqual(saved, [2n]);
    disk.resolve();
    await feed.ended;
    assert.deepEqual(saved, [2n, 4n], "what was overtaken is not saved");
  });

  it("is told by the answer of the authority that this bot is revoked, and asks for all that is true once it is let in", async () => {
    for (const reason of ["IDENTITY_REVOKED", "CERTIFICATE_REVOKED"] as const) {
      const { trust, ca } = await createTestFleet();
      const own = await ca.issue("spiffe://test/lost/1");
      const ending = new AbortController();
      const asked: bigint[] = [];
      const authority = {
        // biome-ignore lint/correctness/useYield: a feed that is refused.
        async *watchTrust({ version }: { version: bigint }): AsyncGenerator<WatchTrustResponse, void> {
          asked.push(version);
          throw answered(reason);
        },
      } as unknown as Client<typeof AuthorityService>;
      const saved: SavedTrust[] = [];
      const feed = followTrust({
        authority,
        ...quiet,
        identity: { current: () => own },
        trust,
        folder: { load: async () => undefined, save: async (one) => void saved.push(one) },
        signal: ending.signal,
      });
      await feed.attempted;
      assert.equal(trust.peerRevoked(own.spiffeId.uri, own.leaf), reason);
      ending.abort();
      await feed.ended;
      const last = saved.at(-1)?.state;
      assert.deepEqual([asked, last?.version, last?.revocations.length], [[1n], 0n, 1], "the next start asks for all");
    }
  });

  it("does not take a server that this bot refuses for its own revocation, nor an earlier certificate for the one of now", async () => {
    const { trust, ca } = await createTestFleet();
    const own = await ca.issue("spiffe://test/gripper/1");
    const ending = new AbortController();
    const versions: bigint[] = [];
    const update = WatchTrustResponse.fromPartial({
      resultsIn: 2n,
      trustDomain: "test",
      issuer: "https://test",
      caCertificates: [ca.der],
      jwks: '{"keys":[]}',
      staleAfterSeconds: 60,
    });
    const authority = {
      async *watchTrust({ version }: { version: bigint }): AsyncGenerator<WatchTrustResponse, void> {
        versions.push(version);
        if (versions.length === 1) throw denial("IDENTITY_REVOKED"); // A stranger with a certificate that is revoked.
        if (versions.length === 3) ending.abort();
        yield update;
        throw answered("CERTIFICATE_REVOKED"); // The connection had it before.
      },
    } as unknown as Client<typeof AuthorityService>;
    const refused: unknown[] = [];
    trust.onChange(() => refused.push(trust.peerRevoked(own.spiffeId.uri, own.leaf)));
    const alive = setInterval(() => {}, 1_000);
    await followTrust({
      authority,
      ...quiet,
      identity: { current: () => own },
      trust,
      folder: { load: async () => undefined, save: async () => {} },
      signal: ending.signal,
    }).ended;
    clearInterval(alive);
    assert.deepEqual([versions.length, refused], [3, [undefined, undefined]]);
  });

  it("is no fresher for the revocation of this bot: what else has been revoked is not known", async () => {
    const { trust: known, ca } = await createTestFleet();
    const trust = createTrust(known.state, systemClock, { heardAt: 0, heard: false });
    const own = await ca.issue("spiffe://test/lost/1");
    const ending = new AbortController();
    const authority = {
      // biome-ignore lint/correctness/useYield: a feed that is refused.
      async *watchTrust(): AsyncGenerator<WatchTrustResponse, void> {
        throw answered("IDENTITY_REVOKED");
      },
    } as unknown as Client<typeof AuthorityService>;
    const saved: SavedTrust[] = [];
    const feed = followTrust({
      authority,
      ...quiet,
      identity: { current: () => own },
      trust,
      folder: { load: async () => undefined, save: async (one) => void saved.push(one) },
      signal: ending.signal,
    });
    await feed.attempted;
    ending.abort();
    await feed.ended;
    assert.equal(trust.peerRevoked(own.spiffeId.uri, own.leaf), "IDENTITY_REVOKED");
    assert.deepEqual([trust.isStale(), trust.heardAt, saved.at(-1)?.heardAt], [true, 0, 0]);
  });

  it("takes the revocation of its certificate for its own once the next feed is not accepted", async () => {
    const { trust, ca } = await createTestFleet();
    const own = await ca.issue("spiffe://test/lost/1");
    const ending = new AbortController();
    let calls = 0;
    const authority = {
      async *watchTrust(): AsyncGenerator<WatchTrustResponse, void> {
        calls++;
        if (calls > 1) throw new InterlockError("UNAVAILABLE", "The connection broke off.", { remote: true });
        yield WatchTrustResponse.fromPartial({
          resultsIn: 2n,
          trustDomain: "test",
          issuer: "https://test",
          caCertificates: [ca.der],
          jwks: '{"keys":[]}',
          staleAfterSeconds: 60,
        });
        throw answered("CERTIFICATE_REVOKED");
      },
    } as unknown as Client<typeof AuthorityService>;
    const revoked = new Promise<void>((resolve) => {
      trust.onChange(() => trust.peerRevoked(own.spiffeId.uri, own.leaf) && resolve());
    });
    const alive = setInterval(() => {}, 1_000);
    const feed = followTrust({
      authority,
      ...quiet,
      identity: { current: () => own },
      trust,
      folder: { load: async () => undefined, save: async () => {} },
      signal: ending.signal,
    });
    await revoked;
    clearInterval(alive);
    ending.abort();
    await feed.ended;
    assert.equal(calls, 2);
  });
});
