import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import {
  type Clock,
  type Identity,
  type InterlockError,
  type Log,
  type LogFields,
  type ProvidedIdentity,
  systemClock,
} from "@interlock/bot";
import { createTestCa, type TestCa } from "@interlock/bot/testing";
import { X509SVIDResponse } from "../gen/spiffe/workload/workload.js";
import { type FakeWorkloadApi, refusing, startFakeWorkloadApi, svidOf } from "../testing/fake-workload-api.js";
import { fromWorkloadApi, providerOf, type WorkloadApiOptions } from "./from-workload-api.js";

const id = "spiffe://test/a";
/** The flag of @peculiar/x509 for the key usage of a CA. */
const keyCertSign = 32;

describe("identity from the Workload API", () => {
  let api: FakeWorkloadApi;
  let ca: TestCa;
  let opened: ProvidedIdentity | undefined;
  let lines: (readonly [string, LogFields | undefined])[];
  let log: Log;
  let wake: () => void;

  before(async () => {
    ca = await createTestCa("test", 1);
  });
  beforeEach(async () => {
    api = await startFakeWorkloadApi();
    lines = [];
    wake = () => {};
    const write = (message: string, fields?: LogFields): void => {
      lines.push([message, fields]);
      wake();
    };
    log = { info: write, warn: write, error: write };
    opened = undefined;
  });
  afterEach(() => {
    opened?.close();
    api.stop();
  });

  const times = { answerMs: 1_000, shortestMs: 50 };
  const open = async (options: WorkloadApiOptions = {}, clock: Clock = systemClock) =>
    (opened = await providerOf({ endpoint: api.endpoint, ...options }, times).open({ clock, log }));
  const alive = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setInterval(() => {}, 1_000); // A provider keeps no process alive.
    return work.finally(() => clearInterval(timer));
  };
  const changed = (provided: ProvidedIdentity) =>
    alive(new Promise<Identity>((resolve) => provided.identity.onChange(resolve)));
  const logged = async (count: number) => {
    while (lines.length < count) await alive(new Promise<void>((resolve) => (wake = resolve)));
  };
  const offer = async (more: { name?: string; hint?: string; bundle?: Uint8Array[] } = {}) =>
    svidOf(await ca.issue(`spiffe://test/${more.name ?? "a"}`), more.bundle ?? [ca.der], { hint: more.hint ?? "" });

  it("is read with its bundle, asked for as the specification has it, and follows each rotation", async () => {
    const first = await ca.issue(id);
    api.send({ svids: [svidOf(first, [ca.der])] });
    const provided = await open();
    assert.equal(provided.identity.current().leaf.thumbprint, first.leaf.thumbprint);
    assert.match(provided.identity.current().privateKey, /^-----BEGIN PRIVATE KEY-----/);
    assert.deepEqual(provided.roots.current(), [ca.der]);
    assert.equal(provided.contact?.awaySince, undefined);
    assert.equal(api.metadata["workload.spiffe.io"], "true");
    const second = await ca.issue(id);
    const change = changed(provided);
    api.send({ svids: [svidOf(second, [ca.der])] });
    assert.equal((await change).leaf.thumbprint, second.leaf.thumbprint);
    assert.equal(api.opened, 1);
    assert.deepEqual(lines, []);
  });

  it("comes over a unix socket, by the environment", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-spiffe-"));
    const unix = await startFakeWorkloadApi(`unix://${join(folder, "agent.sock")}`);
    unix.send({ svids: [await offer()] });
    process.env.SPIFFE_ENDPOINT_SOCKET = unix.endpoint;
    try {
      opened = await fromWorkloadApi().open({ clock: systemClock, log });
      assert.equal(opened.identity.current().spiffeId.uri, id);
    } finally {
      delete process.env.SPIFFE_ENDPOINT_SOCKET;
      unix.stop();
      await rm(folder, { recursive: true });
    }
  });

  it("has intermediates after its leaf", async () => {
    const subject = "CN=between";
    const above = await ca.issueRaw({ subject, ca: true, keyUsage: keyCertSign, usages: [] });
    const leaf = await ca.issue(id, { signer: { name: subject, keys: above.keys } });
    api.send({ svids: [svidOf({ ...leaf, chain: [...leaf.chain, above.der] }, [ca.der])] });
    assert.equal((await open()).identity.current().chain.length, 2);
  });

  it("is waited for while the agent does not know this process yet, and while there is no agent", async () => {
    const { endpoint } = api;
    api.stop();
    const opening = open({ endpoint });
    api = await startFakeWorkloadApi(endpoint);
    await alive(api.streams(2));
    api.send({ svids: [await offer()] });
    assert.equal((await opening).identity.current().spiffeId.uri, id);
    assert.deepEqual(lines, []);
  });

  it("is missing after the wait, with what to do", async () => {
    await assert.rejects(open({ waitMs: 0 }), (error: InterlockError) => {
      assert.equal(error.code, "FAILED_PRECONDITION");
      assert.match(error.message, /tcp:\/\/127.*no identity issued\. Register an entry .*uid \d+/);
      return true;
    });
    api.send({ svids: [await offer()] });
    await assert.rejects(
      open({ waitMs: 0, spiffeId: "spiffe://test/b" }),
      /offers spiffe:\/\/test\/a, and not spiffe:\/\/test\/b\.$/,
    );
    api.stop();
    await assert.rejects(open({ waitMs: 0 }), /nothing listens at .*Start the agent there/);
    await assert.rejects(open({ endpoint: "/run/agent.sock" }), { code: "INVALID_ARGUMENT" });
    assert.throws(() => fromWorkloadApi({ spiffeId: "a" }), TypeError);
  });

  it("is not waited for where waiting is of no use", async () => {
    for (const code of [status.INVALID_ARGUMENT, status.UNIMPLEMENTED]) {
      api.behave(refusing(code, "not here"));
      await assert.rejects(open({ waitMs: 600_000 }), /not here\. (That is no|Another server)/);
    }
    assert.equal(api.opened, 2);
  });

  it("is refused when there are several and none is named, with the names of all", async () => {
    api.send({ svids: [await offer(), await offer({ name: "b", hint: "inner" })] });
    const message = /offers several: spiffe:\/\/test\/a, spiffe:\/\/test\/b \(hint "inner"\)\. Name one with spiffeId/;
    await assert.rejects(open({ waitMs: 600_000 }), message);
    assert.equal(api.opened, 1);
  });

  it("is the one that is named, and stays it whatever else comes", async () => {
    const [a, b] = [await offer(), await offer({ name: "b", hint: "inner" })];
    api.send({ svids: [a, b] });
    const byHint = await open({ hint: "inner" });
    assert.equal(byHint.identity.current().spiffeId.uri, "spiffe://test/b");
    byHint.close();
    const byName = await open({ spiffeId: id });
    assert.equal(byName.identity.current().spiffeId.uri, id);
    byName.close();
    api.send({ svids: [a] });
    const only = await open();
    const next = await ca.issue(id);
    const change = changed(only);
    api.send({ svids: [b, svidOf(next, [ca.der])] });
    assert.equal((await change).leaf.thumbprint, next.leaf.thumbprint);
    api.send({ svids: [b] });
    await logged(1);
    assert.match(String(lines[0]?.[1]?.problem), /offers spiffe:\/\/test\/b .*and not spiffe:\/\/test\/a/);
    assert.equal(only.identity.current().leaf.thumbprint, next.leaf.thumbprint);
  });

  it("that comes again and again is no rotation, in whatever order the bundle is", async () => {
    const other = await createTestCa("other");
    const identity = await ca.issue(id);
    api.send({ svids: [svidOf(identity, [ca.der, other.der])] });
    const provided = await open();
    let changes = 0;
    provided.identity.onChange(() => changes++);
    provided.roots.onChange(() => changes++);
    for (let i = 0; i < 5; i++)
      api.send({ svids: [svidOf(identity, i % 2 ? [ca.der, other.der] : [other.der, ca.der, ca.der])] });
    const next = await ca.issue(id);
    const change = changed(provided);
    api.send({ svids: [svidOf(next, [ca.der, other.der])] });
    await change;
    assert.equal(changes, 1);
  });

  it("does not widen its trust domain by bundles of others", async () => {
    const other = await createTestCa("other");
    const federatedBundles = { "spiffe://other": other.der, "spiffe://test": other.der };
    api.send({ svids: [await offer()], federatedBundles });
    const provided = await open();
    const next = await ca.issue(id);
    const change = changed(provided);
    api.send({ svids: [svidOf(next, [ca.der])], federatedBundles });
    await change;
    assert.deepEqual(provided.roots.current(), [ca.der]);
  });

  it("takes over a new CA before the leaf below it, and lets go of the old one with it", async () => {
    const next = await createTestCa("next");
    api.send({ svids: [await offer()] });
    const provided = await open();
    const seen: string[] = [];
    const kindOf = (der: Uint8Array) => (Buffer.compare(der, ca.der) === 0 ? "old" : "new");
    provided.roots.onChange((roots) => seen.push(`roots ${roots.map(kindOf).sort()}`));
    provided.identity.onChange(() => seen.push("leaf"));
    const both = [ca.der, next.der];
    api.send({ svids: [svidOf(provided.identity.current(), both)] });
    const change = changed(provided);
    const below = await next.issue(id);
    api.send({ svids: [svidOf(below, both)] });
    await change;
    const last = await next.issue(id);
    const lastChange = changed(provided);
    api.send({ svids: [svidOf(last, [next.der])] });
    await lastChange;
    assert.deepEqual(seen, ["roots new,old", "leaf", "roots new", "leaf"]);
  });

  it("keeps the last good one over bad ones of every kind, and never logs a key", async () => {
    const good = await ca.issue(id);
    const goodMessage = svidOf(good, [ca.der]);
    api.send({ svids: [goodMessage] });
    const provided = await open();
    const other = await createTestCa("other");
    const stranger = await ca.issue(id);
    const bad: [RegExp, ReturnType<typeof svidOf>[]][] = [
      [/it offers spiffe:\/\/test\/b, and not/, [await offer({ name: "b" })]],
      [/it offers nothing, and not/, []],
      [/is not the key of/, [{ ...goodMessage, x509SvidKey: svidOf(stranger, []).x509SvidKey }]],
      [/is not PKCS #8 in DER/, [{ ...goodMessage, x509SvidKey: Buffer.from(good.privateKey) }]],
      [/is not PKCS #8 in DER/, [{ ...goodMessage, x509SvidKey: new Uint8Array() }]],
      [
        /the X\.509-SVID ends within a certificate/,
        [{ ...goodMessage, x509Svid: goodMessage.x509Svid.subarray(0, 90) }],
      ],
      [/the X\.509-SVID holds no certificate/, [{ ...goodMessage, x509Svid: new Uint8Array() }]],
      [
        /the X\.509-SVID holds more than 16/,
        [{ ...goodMessage, x509Svid: Buffer.concat(Array(17).fill(good.chain[0])) }],
      ],
      [/the bundle holds no certificate/, [{ ...goodMessage, bundle: new Uint8Array() }]],
      [/the bundle holds more than 64/, [{ ...goodMessage, bundle: Buffer.concat(Array(65).fill(ca.der)) }]],
      [/the bundle holds a certificate that is no CA's/, [{ ...goodMessage, bundle: good.chain[0] as Uint8Array }]],
      [/does not lead to a CA/, [{ ...goodMessage, bundle: other.der }]],
      [/is of spiffe:\/\/test\/b, and comes as another/, [{ ...(await offer({ name: "b" })), spiffeId: id }]],
      [/has expired/, [svidOf(await ca.issue(id, { notAfter: Date.now() - 1_000 }), [ca.der])]],
      [/client auth/, [svidOf(await ca.issue(id, { usages: ["1.3.6.1.5.5.7.3.2"] }), [ca.der])]],
    ];
    for (const [problem, svids] of bad) {
      const before = lines.length;
      api.send({ svids });
      await logged(before + 1);
      assert.match(String(lines[before]?.[1]?.problem), problem);
      assert.equal(provided.identity.current().leaf.thumbprint, good.leaf.thumbprint);
      assert.ok(provided.contact?.awaySince);
      api.send({ svids: [goodMessage] });
      await logged(before + 2);
      assert.equal(lines[before + 1]?.[0], "identity comes from the Workload API again");
      assert.equal(provided.contact?.awaySince, undefined);
    }
    assert.equal(api.opened, 1);
    assert.ok(!JSON.stringify(lines).includes("PRIVATE KEY"));
  });

  it("is kept while the agent is away, which is told once, and is renewed when it is back", async () => {
    const first = await offer();
    api.send({ svids: [first] });
    const provided = await open();
    const { thumbprint } = provided.identity.current().leaf;
    const away: boolean[] = [];
    provided.contact?.onChange((now) => away.push(now));
    const { endpoint } = api;
    api.stop();
    await logged(1);
    assert.match(lines[0]?.[0] ?? "", /the last one stays until it expires/);
    assert.match(String(lines[0]?.[1]?.expires), /^20/);
    assert.equal(provided.identity.current().leaf.thumbprint, thumbprint);
    api = await startFakeWorkloadApi(endpoint);
    await alive(api.streams(2)); // It has no identity for this process yet.
    const next = await ca.issue(id);
    const change = changed(provided);
    api.send({ svids: [svidOf(next, [ca.der])] });
    assert.equal((await change).leaf.thumbprint, next.leaf.thumbprint);
    assert.deepEqual(away, [true, false]);
    const kinds = lines.map(([message]) => message.split(" ", 4).join(" "));
    assert.deepEqual(kinds, ["no identity comes from", "no identity comes from", "identity comes from the"]);
  });

  it("is asked for once after each end of a stream, though grpc-js tells an error and an end", async () => {
    const identity = await ca.issue(id);
    api.send({ svids: [svidOf(identity, [ca.der])] });
    await open();
    for (let round = 1; round <= 5; round++) {
      assert.equal(api.open.size, 1);
      const [stream] = api.open;
      if (round % 2) stream?.end();
      else stream?.emit("error", { code: status.UNAVAILABLE, details: "restarting" });
      await alive(api.streams(round + 1));
    }
    assert.equal(api.opened, 6);
    assert.deepEqual(lines, []);
  });

  it("is bounded in its messages", async () => {
    api.send({ svids: [await offer()], crl: [new Uint8Array(4 * 1024 * 1024)] });
    await assert.rejects(open({ waitMs: 0 }), /larger than max.*may be up to 4 MiB/);
  });

  it("is asked for on a new stream when an agent says nothing for too long", async () => {
    const now = Date.now();
    // Three quarters of its life have passed long ago: half of what remains is the time to wait.
    const old = await ca.issue(id, { notBefore: now - 3_600_000, notAfter: now + 1_000 });
    api.send({ svids: [svidOf(old, [ca.der])] });
    const provided = await open();
    const next = await ca.issue(id);
    api.behave((stream) => {
      assert.equal(api.open.size, 1, "the other one has been ended");
      api.behave(() => {});
      stream.write(X509SVIDResponse.fromPartial({ svids: [svidOf(next, [ca.der])] }));
    });
    await changed(provided);
    assert.equal(api.opened, 2);
    assert.deepEqual(lines, []);
  });

  it("does not come from a server that takes the connection and says nothing", async () => {
    const silent = createServer((socket) => socket.on("error", () => {}));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    try {
      await assert.rejects(open({ endpoint: `tcp://127.0.0.1:${port}`, waitMs: 0 }), /It does not answer within 1 s/);
    } finally {
      silent.close();
    }
  });

  it("warns of an agent on another machine", async () => {
    await assert.rejects(open({ endpoint: "tcp://192.0.2.1:1", waitMs: 0 }));
    assert.match(lines[0]?.[0] ?? "", /crosses the network/);
  });

  it("ends with its provider", async () => {
    api.send({ svids: [await offer()] });
    const provided = await open();
    const [stream] = api.open;
    assert.ok(stream);
    const over = once(stream, "cancelled");
    provided.close();
    await over;
    api.send({ svids: [await offer()] });
    assert.equal(api.opened, 1);
  });
});
