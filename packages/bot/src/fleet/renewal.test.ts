import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { denial } from "../base/error.js";
import { type Log, silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { Identity } from "../identity/identity.js";
import { createIdentityFolder, type IdentityFolder } from "../identity/identity-folder.js";
import { caDigest } from "../identity/join-token.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { createAuthorityContact } from "../trust/authority-contact.js";
import { createTrust, type TrustState } from "../trust/trust.js";
import { keepRenewed, renewalTime } from "./renewal.js";

const uri = "spiffe://test/gripper/1";
const minute = 60_000;

describe("keepRenewed", () => {
  let ca: TestCa;
  let steps: string[];
  let ending: AbortController;
  before(async () => {
    ca = await createTestCa();
  });
  beforeEach(() => {
    steps = [];
    ending = new AbortController();
  });

  const now = Date.now();
  const recover = () => Promise.reject(new Error("it has not expired"));
  const due = () => ca.issue(uri, { notBefore: now - 50 * minute, notAfter: now + 10 * minute });
  const fresh = () => ca.issue(uri, { notBefore: now, notAfter: now + 60 * minute });

  async function run(saved: () => Promise<Identity | undefined>, failing = false): Promise<Identity> {
    const identity = createObservable(await due());
    identity.onChange(() => steps.push("use"));
    const folder: IdentityFolder = {
      load: saved,
      async save() {
        steps.push("save");
      },
      async exclusively(work) {
        steps.push("lock");
        return work().finally(() => steps.push("unlock"));
      },
    };
    const authority = {
      async renew() {
        steps.push("renew");
        return { certificate: { chain: (await fresh()).chain } };
      },
      async confirm() {
        steps.push("confirm");
        ending.abort();
        if (failing) throw new Error("no");
      },
    } as unknown as Client<typeof AuthorityService>;
    const clock = { now: () => now };
    const trust = { state: { caCertificates: [ca.der] } as unknown as TrustState, onChange: () => () => {} };
    const contact = createAuthorityContact("a:1", clock, silentLog);
    await keepRenewed({
      authority,
      contact,
      identity,
      folder,
      trust,
      clock,
      log: silentLog,
      signal: ending.signal,
      recover,
    });
    return identity.current();
  }

  it("saves the new certificate before it uses it, and uses it at once", async () => {
    await run(async () => undefined);
    assert.deepEqual(steps, ["lock", "renew", "save", "unlock", "use", "confirm"]);
  });

  it("takes over what another process has renewed, and renews nothing", async () => {
    const other = await fresh();
    assert.equal(await run(async () => other), other);
    assert.deepEqual(steps, ["lock", "unlock", "use", "confirm"]);
  });

  it("takes over what another process has renewed within the same second", async () => {
    const other = await due();
    assert.equal(await run(async () => other), other);
    assert.deepEqual(steps, ["lock", "unlock", "use", "confirm"]);
  });

  it("ends at once while it waits for a lock, of another container and with a time in the future", async () => {
    const path = await mkdtemp(join(tmpdir(), "interlock-renewal-"));
    const lock = join(path, "identity.pem.lock");
    await writeFile(lock, "1\nx\nanother-container pid:[7]");
    await utimes(lock, new Date(Date.now() + 86_400_000), new Date(Date.now() + 86_400_000));
    const clock = { now: () => now };
    const { exclusively } = createIdentityFolder(path);
    const waits = new Promise<void>((begun) => {
      const folder: Partial<IdentityFolder> = {
        exclusively(work, options) {
          setImmediate(begun);
          return exclusively(work, options);
        },
      };
      const trust = { state: { caCertificates: [ca.der] } as unknown as TrustState, onChange: () => () => {} };
      const contact = createAuthorityContact("a:1", clock, silentLog);
      void due().then((identity) =>
        keepRenewed({
          authority: {} as Client<typeof AuthorityService>,
          contact,
          identity: createObservable(identity),
          folder: folder as IdentityFolder,
          trust,
          clock,
          log: silentLog,
          signal: ending.signal,
          recover,
        }).then(() => steps.push("ended")),
      );
    });
    await waits;
    assert.deepEqual(steps, []);
    ending.abort();
    while (steps.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(steps, ["ended"]);
    await rm(path, { recursive: true });
  });

  it("leaves a short certificate half of the life that it has left", async () => {
    const short = await ca.issue(uri, { notBefore: now - 30_000, notAfter: now + 10_000 });
    const { notAfter } = short.leaf;
    for (let i = 0; i < 100; i++) {
      const part = (renewalTime(short, now) - now) / (notAfter - now);
      assert.ok(part >= 0.4 && part <= 0.6, String(part));
    }
  });

  it("renews within a tenth of the certificate's life when another CA signs, and once", async () => {
    const next = await createTestCa("next");
    const identity = createObservable(
      await ca.issue(uri, { notBefore: Date.now() - 1_000, notAfter: Date.now() + 9_000 }),
    );
    const caCertificates = [ca.der, next.der];
    const state = { caCertificates, activeCa: digestOf(ca) } as unknown as TrustState;
    const trust = createTrust({ ...state, revocations: [] });
    const began = Date.now();
    const authority = {
      async renew() {
        steps.push("renew");
        return { certificate: { chain: (await next.issue(uri)).chain } };
      },
      async confirm() {
        trust.replace({ ...trust.state }); // Nothing that it has not done already.
        setImmediate(() => ending.abort());
      },
    } as unknown as Client<typeof AuthorityService>;
    const folder = {
      load: async () => undefined,
      save: async () => {},
      exclusively: <T>(work: () => Promise<T>) => work(),
    };
    const clock = { now: () => Date.now() };
    const contact = createAuthorityContact("a:1", clock, silentLog);
    const keeping = keepRenewed({
      authority,
      contact,
      identity,
      folder,
      trust,
      clock,
      log: silentLog,
      signal: ending.signal,
      recover,
    });
    trust.replace({ ...trust.state, activeCa: digestOf(next) });
    await keeping;
    assert.deepEqual(steps, ["renew"]);
    assert.ok(Date.now() - began < 3_000, "that is long before half of its life");
  });

  it("recovers once the certificate has expired, and says once, for each reason, that it cannot", async () => {
    const past = await ca.issue(uri, { notBefore: now - 60 * minute, notAfter: now - minute });
    const identity = createObservable(past);
    const next = await fresh();
    const failures = [
      denial("AUTHORITY_UNREACHABLE"),
      denial("AUTHORITY_UNREACHABLE"),
      denial("AUTHORITY_UNREACHABLE"),
    ];
    const logged: string[] = [];
    const line = (level: string) => (message: string, fields: object) =>
      void logged.push(`${level}: ${message} ${JSON.stringify(fields)}`);
    const authority = {
      async confirm() {
        ending.abort();
      },
    } as unknown as Client<typeof AuthorityService>;
    const clock = { now: () => now };
    await keepRenewed({
      authority,
      contact: createAuthorityContact("a:1", clock, silentLog),
      identity,
      folder: { load: async () => past, save: async () => void steps.push("save"), exclusively: (work) => work() },
      trust: { state: { caCertificates: [ca.der] } as unknown as TrustState, onChange: () => () => {} },
      clock,
      log: { info: line("info"), warn: line("warn"), error: line("error") } as Log,
      signal: ending.signal,
      async recover(expired) {
        assert.equal(expired, past);
        steps.push("recover");
        const failure = failures.pop();
        if (failure) throw failure;
        return next;
      },
    });
    assert.equal(identity.current(), next);
    assert.deepEqual(steps, ["recover", "recover", "recover", "recover", "save"]);
    assert.equal(logged.length, 2, logged.join("\n"));
    assert.match(logged[0] as string, /^error: certificate expired.*interlock invite gripper\/1/);
    assert.match(logged[1] as string, /^info: certificate recovered/);
  });

  const digestOf = ({ der }: TestCa) => Buffer.from(caDigest(der)).toString("base64url");

  it("goes on when the first use fails", async () => {
    const { leaf } = await run(async () => undefined, true);
    assert.equal(leaf.notAfter, Math.floor((now + 60 * minute) / 1_000) * 1_000);
  });
});
