import assert from "node:assert/strict";
import { type LogFields, silentLog } from "@interlock/bot";
import { type BundleServer, document, startBundleServer } from "../testing/bundle-server.js";
import { type ForeignCa, foreignCa } from "../testing/foreign-ca.js";
import {
  type BundleRefresh,
  type BundleRefreshOptions,
  createBundleRefresh,
  type FollowedDomain,
} from "./bundle-refresh.js";
import { formatTrustBundle } from "./format-trust-bundle.js";
import { parseTrustBundle } from "./parse-trust-bundle.js";

const domain = "partner.example";
const spiffeId = `spiffe://${domain}/spire/server`;

describe("the refresh of bundles", () => {
  const clock = { at: 0, now: () => clock.at };
  const failures: string[] = [];
  const warnings: [string, LogFields | undefined][] = [];
  const log = { ...silentLog, warn: (message: string, fields?: LogFields) => void warnings.push([message, fields]) };
  let cas: readonly [ForeignCa, ForeignCa];
  let server: BundleServer;
  let followed: FollowedDomain[];
  let refresh: BundleRefresh;

  before(async () => {
    cas = [await foreignCa(domain), await foreignCa(domain)];
  });
  beforeEach(async () => {
    clock.at = Date.now();
    warnings.length = 0;
    failures.length = 0;
    server = await startBundleServer(await cas[0].issue(spiffeId), document(published(1n, cas[0])));
    followed = [partner()];
    refresh = create();
  });
  afterEach(async () => {
    await refresh.close();
    server.close();
  });

  function published(sequence: bigint, ...of: readonly ForeignCa[]): string {
    const caCertificates = of.map(({ certificate }) => certificate);
    return formatTrustBundle({ caCertificates, sequence, refreshHintSeconds: 120 });
  }
  function partner(change: Partial<FollowedDomain> = {}): FollowedDomain {
    const endpoint = { url: server.url, profile: "https_spiffe", spiffeId } as const;
    const bundle = parseTrustBundle(published(1n, cas[0]), domain);
    return { trustDomain: domain, endpoint, bundle, fetchedAt: clock.at, ...change };
  }
  // `random` as 0: no jitter, and the whole of each delay.
  function create(change: Partial<BundleRefreshOptions> = {}): BundleRefresh {
    return createBundleRefresh({
      domains: () => followed,
      async save(saved, bundle, fetchedAt) {
        followed = followed.map((one) => (one.trustDomain === saved.trustDomain ? { ...one, bundle, fetchedAt } : one));
      },
      clock,
      log,
      failed: (trustDomain, { code }) => void failures.push(`${trustDomain} ${code}`),
      lookMs: 3_600_000,
      random: () => 0,
      ...change,
    });
  }
  const known = () => followed[0]?.bundle?.caCertificates.map((der) => Buffer.from(der)) ?? [];
  const certificatesOf = (...of: readonly ForeignCa[]) => of.map(({ certificate }) => Buffer.from(certificate));
  async function after(seconds: number): Promise<void> {
    clock.at += seconds * 1_000;
    await refresh.turn();
  }

  it("comes as often as the bundle asks, and at once where there is none yet", async () => {
    await after(119);
    assert.equal(server.requests(), 0);
    await after(1);
    assert.equal(server.requests(), 1);
    await after(119);
    assert.equal(server.requests(), 1);
    followed = [partner({ fetchedAt: undefined })];
    await after(0);
    assert.equal(server.requests(), 2);
    assert.deepEqual(warnings, []);
  });

  it("follows a change of CA: announced, used, the old one withdrawn", async () => {
    server.answer(document(published(2n, cas[0], cas[1])));
    await after(120);
    assert.deepEqual(known(), certificatesOf(...cas));
    server.show(await cas[1].issue(spiffeId));
    server.answer(document(published(3n, cas[1])));
    await after(120);
    assert.deepEqual(known(), certificatesOf(cas[1]));
    // The control: what the old CA proves is not believed any more.
    server.show(await cas[0].issue(spiffeId));
    await assert.rejects(refresh.refresh(domain), { code: "UNAVAILABLE", message: /not trusted/ });
    assert.deepEqual(known(), certificatesOf(cas[1]));
  });

  it("keeps the bundle where a change of CA was not announced, and says so", async () => {
    server.show(await cas[1].issue(spiffeId));
    await after(120);
    assert.deepEqual(known(), certificatesOf(cas[0]));
    assert.match(String(refresh.failure(domain)?.error.message), /add the domain again/);
    assert.deepEqual([warnings[0]?.[0], warnings[0]?.[1]?.trustDomain], ["trust bundle not fetched", domain]);
    server.show(await cas[0].issue(spiffeId));
    await refresh.refresh(domain);
    assert.equal(refresh.failure(domain), undefined);
  });

  it("takes no sequence that goes backwards, and keeps the highest", async () => {
    server.answer(document(published(7n, cas[0])));
    await refresh.refresh(domain);
    server.answer(document(published(6n, ...cas)));
    await assert.rejects(refresh.refresh(domain), {
      message: /its sequence is 6, after 7; if partner\.example has been set up anew/,
    });
    assert.deepEqual(known(), certificatesOf(cas[0]));
    server.answer(document(published(7n, ...cas).replace(/"spiffe_sequence":7,/, "")));
    await refresh.refresh(domain);
    assert.deepEqual([followed[0]?.bundle?.sequence, known()], [7n, certificatesOf(...cas)]);
    server.answer(document(published(6n, cas[0])));
    await assert.rejects(refresh.refresh(domain), { message: /is older/ });
    assert.deepEqual(failures, [`${domain} FAILED_PRECONDITION`, `${domain} FAILED_PRECONDITION`]);
    server.answer(document(published(7n, cas[0])));
    await refresh.refresh(domain);
    assert.deepEqual(known(), certificatesOf(cas[0]));
  });

  it("takes over that all CAs are withdrawn, and then verifies no endpoint", async () => {
    server.answer(document(published(2n)));
    await after(120);
    assert.deepEqual(known(), []);
    assert.match(String(warnings[0]), /nothing of the domain is trusted/);
    server.answer(document(published(3n, cas[0])));
    await assert.rejects(refresh.refresh(domain), { message: /give it as a file/ });
    assert.deepEqual(known(), []);
  });

  it("tries again after a while that grows, up to five minutes", async () => {
    server.answer((_request, response) => void response.writeHead(500).end());
    await after(120);
    const tries: number[] = [];
    for (let second = 1; second <= 1_000; second++) {
      const before = server.requests();
      await after(1);
      if (server.requests() > before) tries.push(second);
    }
    assert.deepEqual(tries, [10, 30, 70, 150, 310, 610, 910]);
    server.answer(document(published(2n, cas[0])));
    await after(300);
    assert.equal(refresh.failure(domain), undefined);
    await after(119);
    assert.equal(server.requests(), 9);
  });

  it("has one fetch of a domain at a time, and eight of all", async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    let most = 0;
    const begun: string[] = [];
    const holding = create({
      async fetch(_endpoint, trustDomain) {
        begun.push(trustDomain);
        most = Math.max(most, ++running);
        await released;
        running--;
        return { caCertificates: cas[0].certificate ? [cas[0].certificate] : [], ignored: [] };
      },
    });
    followed = Array.from({ length: 20 }, (_, i) =>
      partner({
        trustDomain: `d${i}.example`,
        fetchedAt: undefined,
        endpoint: { url: server.url, profile: "https_web" },
      }),
    );
    const turns = [holding.turn(), holding.refresh("d0.example"), holding.turn(), holding.refresh("d0.example")];
    await new Promise(setImmediate);
    release();
    await Promise.all(turns);
    await holding.close();
    assert.deepEqual(begun.filter((name) => name === "d0.example").length, 1);
    assert.equal(begun.length, 20);
    assert.ok(most <= 9, String(most)); // The operator's own is besides.
  });

  it("saves nothing for a domain that was revoked, changed, or added again meanwhile, and nothing once it is closed", async () => {
    const other = { url: "https://elsewhere.example/", profile: "https_web" } as const;
    const bundle = parseTrustBundle(published(1n, cas[1]), domain);
    const become = (...next: FollowedDomain[]) => {
      followed = next;
    };
    const changes: readonly (readonly [() => void, RegExp])[] = [
      [() => become(), /no federated domain/],
      [() => become(partner({ endpoint: other })), /has been changed while/],
      [() => become(partner({ bundle })), /has been changed while/],
      [() => void refresh.close(), /closing/],
    ];
    for (const [change, words] of changes) {
      followed = [partner()];
      let after: readonly FollowedDomain[] = [];
      server.answer((_request, response) => {
        change();
        after = followed;
        response.end(published(9n, ...cas));
      });
      await assert.rejects(refresh.refresh(domain), words);
      assert.equal(followed, after);
    }
    await assert.rejects(refresh.refresh("unknown.example"));
  });

  it("verifies an endpoint of another domain by the bundle of that one", async () => {
    const host = await foreignCa("host.example");
    const id = "spiffe://host.example/bundles";
    server.show(await host.issue(id));
    const endpoint = { url: server.url, profile: "https_spiffe", spiffeId: id } as const;
    followed = [partner({ endpoint, bundle: undefined })];
    await assert.rejects(refresh.refresh(domain), { message: /host\.example, which is not federated/ });
    const text = formatTrustBundle({ caCertificates: [host.certificate], sequence: 1n, refreshHintSeconds: 60 });
    const bundle = parseTrustBundle(text, "host.example");
    followed.push(partner({ trustDomain: "host.example", endpoint: undefined, bundle, fetchedAt: undefined }));
    await refresh.turn();
    await refresh.refresh(domain);
    await assert.rejects(refresh.refresh("host.example"), {
      message: /no bundle endpoint: give its next bundle as a file/,
    });
    assert.deepEqual(known(), certificatesOf(cas[0]));
    // By the own domain as well; and by the bundle of the domain itself in no case.
    followed = [partner({ endpoint })];
    const owning = create({ own: { trustDomain: "host.example", caCertificates: () => [host.certificate] } });
    await owning.refresh(domain);
    await owning.close();
    await assert.rejects(refresh.refresh(domain), { message: /not federated/ });
  });
});
