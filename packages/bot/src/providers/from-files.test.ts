import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Log, LogFields } from "../base/log.js";
import type { Identity } from "../identity/identity.js";
import { certificatesToPem } from "../identity/pem.js";
import { tryTls } from "../identity/try-tls.js";
import { keyUsage } from "../testing/hand-made.js";
import {
  caExtensions,
  ecKey,
  permittedHost,
  rsaKey,
  type Specimen,
  type SpecimenOptions,
  specimen,
  svidExtensions,
} from "../testing/specimen.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { KeyUsageFlags } from "../testing/x509.js";
import { fromFiles } from "./from-files.js";
import type { ProvidedIdentity } from "./provider.js";

describe("identity from files", () => {
  let folder: string;
  let ca: TestCa;
  let paths: { certificate: string; key: string; ca: string };
  let lines: (readonly [string, LogFields | undefined])[];
  let log: Log;
  let wake: () => void;
  let opened: ProvidedIdentity | undefined;

  before(async () => {
    ca = await createTestCa("test", 1);
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-files-"));
    paths = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key"), ca: join(folder, "ca.crt") };
    lines = [];
    wake = () => {};
    const write = (message: string, fields?: LogFields): void => {
      lines.push([message, fields]);
      wake();
    };
    log = { info: write, warn: write, error: write };
    opened = undefined;
  });
  afterEach(async () => {
    opened?.close();
    await rm(folder, { recursive: true });
  });

  async function put({ privateKey, chain }: Identity, root = ca.der): Promise<void> {
    await replace(paths.key, privateKey);
    await replace(paths.certificate, certificatesToPem(chain));
    await replace(paths.ca, certificatesToPem([root]));
  }

  /** Never shows an empty file, which is one of the problems that a test waits for, and that is logged once. */
  async function replace(path: string, text: string): Promise<void> {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  const alive = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setInterval(() => {}, 1_000); // Watching keeps no process alive.
    return work.finally(() => clearInterval(timer));
  };
  const logged = async (count: number) => {
    while (lines.length < count) await alive(new Promise<void>((resolve) => (wake = resolve)));
  };
  const open = async () => (opened = await fromFiles({ ...paths, pollMs: 10 }).open({ clock: systemClock, log }));
  const changed = (files: ProvidedIdentity) =>
    alive(new Promise<Identity>((resolve) => files.identity.onChange(resolve)));

  it("is read, and read again when it has been renewed", async () => {
    const first = await ca.issue("spiffe://test/a");
    await put(first);
    const files = await open();
    assert.equal(files.identity.current().leaf.thumbprint, first.leaf.thumbprint);
    assert.deepEqual(files.roots.current(), [ca.der]);
    const second = await ca.issue("spiffe://test/a");
    const change = changed(files);
    await put(second);
    assert.equal((await change).leaf.thumbprint, second.leaf.thumbprint);
    assert.equal(files.identity.current().privateKey, second.privateKey);
  });

  it("may be of cert-manager's older key form, and have an intermediate", async () => {
    const { createPrivateKey } = await import("node:crypto");
    const subject = "CN=between";
    const above = await ca.issueRaw({ subject, ca: true, keyUsage: KeyUsageFlags.keyCertSign, usages: [] });
    const leaf = await ca.issue("spiffe://test/a", { signer: { name: subject, keys: above.keys } });
    const chain = [...leaf.chain, above.der];
    await put({ ...leaf, chain });
    const sec1 = createPrivateKey(leaf.privateKey).export({ type: "sec1", format: "pem" });
    await writeFile(paths.key, sec1, { mode: 0o600 });
    const files = await open();
    assert.match(files.identity.current().privateKey, /^-----BEGIN PRIVATE KEY-----/);
    assert.equal(files.identity.current().chain.length, 2);
    await writeFile(paths.certificate, certificatesToPem(leaf.chain));
    await logged(1);
    assert.match(String(lines[0]?.[1]?.problem), /does not lead to a CA/);
  });

  it("is followed when a folder of links is swapped, as Kubernetes does", async () => {
    const write = async (name: string, { privateKey, chain }: Identity) => {
      const data = join(folder, name);
      await mkdir(data);
      await writeFile(join(data, "tls.key"), privateKey, { mode: 0o600 });
      await writeFile(join(data, "tls.crt"), certificatesToPem(chain));
      await writeFile(join(data, "ca.crt"), certificatesToPem([ca.der]));
    };
    await write("..1", await ca.issue("spiffe://test/a"));
    await symlink("..1", join(folder, "..data"));
    for (const file of ["tls.key", "tls.crt", "ca.crt"]) await symlink(join("..data", file), join(folder, file));
    const files = await open();
    const second = await ca.issue("spiffe://test/a");
    const change = changed(files);
    await write("..2", second);
    await symlink("..2", join(folder, "..tmp"));
    await rename(join(folder, "..tmp"), join(folder, "..data"));
    assert.equal((await change).leaf.thumbprint, second.leaf.thumbprint);
    assert.deepEqual(lines, []);
  });

  it("keeps the last good ones over bad ones of every kind, says so once, and goes on when they are good", async () => {
    const good = await ca.issue("spiffe://test/a");
    await put(good);
    const files = await open();
    const other = await createTestCa("other");
    const bad: [RegExp, () => Promise<void>][] = [
      [/is not the key of/, async () => writeFile(paths.key, (await ca.issue("spiffe://test/a")).privateKey)],
      [/holds no private key/, async () => writeFile(paths.key, good.privateKey.slice(0, 80))],
      [/tls\.crt holds no certificate/, async () => writeFile(paths.certificate, "-----BEGIN CERTIFICATE-----\nMII")],
      [/ca\.crt holds no certificate/, async () => writeFile(paths.ca, "")],
      [/is no CA's/, async () => writeFile(paths.ca, certificatesToPem(good.chain))],
      [/tls\.key cannot be read \(ENOENT\)/, () => unlink(paths.key)],
      [/has expired/, async () => put(await ca.issue("spiffe://test/a", { notAfter: Date.now() - 1_000 }))],
      [/is not valid yet/, async () => put(await ca.issue("spiffe://test/a", { notBefore: Date.now() + 60_000 }))],
      [/client auth/, async () => put(await ca.issue("spiffe://test/a", { usages: ["1.3.6.1.5.5.7.3.2"] }))],
      [/may sign others/, async () => put(await ca.issue("spiffe://test/a", { ca: true }))],
      [/exactly one SPIFFE ID/, async () => put(await twoNames())],
      [/is of spiffe:\/\/test\/b/, async () => put(await ca.issue("spiffe://test/b"))],
      [/does not lead to a CA/, async () => put(await other.issue("spiffe://test/a"))],
    ];
    async function twoNames(): Promise<Identity> {
      const { keys, der } = await ca.issueRaw({ uris: ["spiffe://test/a", "spiffe://test/b"] });
      return { ...good, privateKey: keys.privateKeyPem, chain: [der] };
    }
    for (const [problem, spoil] of bad) {
      await put(good);
      const before = lines.length;
      await spoil();
      while (!lines.slice(before).some(([, fields]) => problem.test(String(fields?.problem)))) {
        await logged(lines.length + 1);
      }
      assert.equal(files.identity.current().leaf.thumbprint, good.leaf.thumbprint, String(problem));
      assert.deepEqual(files.roots.current(), [ca.der], String(problem));
    }
    const next = await ca.issue("spiffe://test/a");
    const change = changed(files);
    await put(next);
    assert.equal((await change).leaf.thumbprint, next.leaf.thumbprint);
    while (lines.at(-1)?.[0] !== "identity files are good again") await logged(lines.length + 1);
    assert.ok(!JSON.stringify(lines).includes("PRIVATE KEY"));
  });

  /** A leaf below `path`, the CA next to it first and the root last, as files. */
  async function putSpecimens(leaf: Specimen, path: readonly Specimen[], roots: readonly Specimen[]): Promise<void> {
    // In this order, no state in between is good.
    await writeFile(paths.ca, certificatesToPem(roots.map(({ der }) => der)));
    await writeFile(paths.key, leaf.privateKey, { mode: 0o600 });
    await writeFile(paths.certificate, certificatesToPem([leaf, ...path].map(({ der }) => der)));
  }
  const id = "spiffe://test/a";
  const root = specimen({ name: "root", extensions: caExtensions() });
  const between = specimen({ name: "between", by: root, extensions: caExtensions() });
  const leafBelow = (by: Specimen, more: Partial<SpecimenOptions> = {}) =>
    specimen({ by, extensions: svidExtensions(id), ...more });

  const bare = specimen({ name: "bare", extensions: caExtensions({ usage: "none" }) });
  const bareBetween = specimen({ name: "bare", by: root, extensions: caExtensions({ usage: "none" }) });
  const page = specimen({ name: "page", extensions: caExtensions({ uris: ["https://ca.example/"] }) });
  const sha1Root = specimen({ name: "root", hash: "sha1", extensions: caExtensions() });
  const good: Record<string, readonly [Specimen, readonly Specimen[], readonly Specimen[]]> = {
    "a root without a key usage": [leafBelow(bare), [], [bare]],
    "an intermediate without a key usage": [leafBelow(bareBetween), [bareBetween], [root]],
    "a root with a URI that names no trust domain": [leafBelow(page), [], [page]],
    "a root that signed itself with SHA-1": [leafBelow(sha1Root), [], [sha1Root]],
    "a chain out of order, with a certificate of no use": [leafBelow(between), [page, root, between], [root]],
    "an intermediate in the CA file, with its root": [leafBelow(between), [], [between, root]],
  };
  for (const [what, files] of Object.entries(good)) {
    it(`takes ${what}, and connections with it succeed`, async () => {
      await putSpecimens(...files);
      const { identity, roots } = await open();
      await tryTls(identity.current(), roots.current());
      assert.deepEqual(lines, []);
    });
  }

  const weakRoot = specimen({ name: "root", key: rsaKey(1_024), extensions: caExtensions() });
  const sha1Between = specimen({ name: "between", by: root, hash: "sha1", extensions: caExtensions() });
  const foreign = specimen({ name: "other", extensions: caExtensions({ uris: ["spiffe://other"] }) });
  const narrow = specimen({ name: "narrow", extensions: caExtensions({ pathLength: 0 }) });
  const belowNarrow = specimen({ name: "between", by: narrow, extensions: caExtensions() });
  const elsewhere = specimen({ name: "else", by: root, extensions: caExtensions({ more: [permittedHost("other")] }) });
  const curve = specimen({ name: "curve", key: ecKey("secp256k1"), extensions: caExtensions() });
  const bad: Record<string, readonly [RegExp, Specimen, readonly Specimen[], readonly Specimen[]]> = {
    "an intermediate given as root": [/holds an intermediate as root: put/, leafBelow(between), [between], [between]],
    "a leaf with RSA of 512 bits": [/weak key: use P-256/, leafBelow(root, { key: rsaKey(512) }), [], [root]],
    "a leaf with RSA of 1,024 bits": [/tls\.crt .*weak key/, leafBelow(root, { key: rsaKey(1_024) }), [], [root]],
    "a root with RSA of 1,024 bits": [/ca\.crt .*weak key/, leafBelow(weakRoot), [], [weakRoot]],
    "a leaf signed with SHA-1": [/too weak.*; use P-256/, leafBelow(root, { hash: "sha1" }), [], [root]],
    "an intermediate signed with SHA-1": [/too weak/, leafBelow(sha1Between), [sha1Between], [root]],
    "a root of another trust domain": [/another trust domain/, leafBelow(foreign), [], [foreign]],
    "more CAs below a root than it allows": [/does not lead/, leafBelow(belowNarrow), [belowNarrow], [narrow]],
    "a name that an intermediate does not permit": [/refused by TLS/, leafBelow(elsewhere), [elsewhere], [root]],
    "a certificate on a curve without a NIST name, of no use": [/weak key/, leafBelow(root), [curve], [root]],
    "a root on such a curve, of no use": [/ca\.crt .*weak key/, leafBelow(root), [], [root, curve]],
    "a leaf that may not sign a handshake": [
      /digital signature/,
      leafBelow(root, { extensions: svidExtensions(id, keyUsage(3, 0x08)) }),
      [],
      [root],
    ],
    "more certificates than anyone needs": [/more than 16/, leafBelow(root), Array(16).fill(root), [root]],
  };
  for (const [what, [problem, ...files]] of Object.entries(bad)) {
    it(`does not start on ${what}, nor take it over`, async () => {
      await putSpecimens(...files);
      await assert.rejects(open(), problem);
      const first = leafBelow(root);
      await putSpecimens(first, [], [root]);
      const provided = await open();
      await putSpecimens(...files);
      while (!lines.some(([, fields]) => problem.test(String(fields?.problem)))) await logged(lines.length + 1);
      assert.deepEqual(provided.identity.current().chain, [first.der]);
      assert.deepEqual(provided.roots.current(), [root.der]);
    });
  }

  it("warns of CAs that are of no use beside the others, at the start and when they are added", async () => {
    await putSpecimens(leafBelow(root), [], [root, foreign]);
    const provided = await open();
    assert.match(String(lines[0]?.[1]?.warning), /nothing is accepted from .*another trust domain/);
    assert.equal(lines.length, 1);
    const alone = specimen({ name: "alone", by: narrow, extensions: caExtensions() });
    const grown = alive(new Promise<readonly Uint8Array[]>((resolve) => provided.roots.onChange(resolve)));
    await writeFile(`${paths.ca}.new`, certificatesToPem([root.der, alone.der]));
    await rename(`${paths.ca}.new`, paths.ca);
    await grown;
    assert.match(String(lines[1]?.[1]?.warning), /an intermediate .* without the CA above it/);
  });

  it("takes over a CA file that has grown, before the leaf", async () => {
    await put(await ca.issue("spiffe://test/a"));
    const files = await open();
    const other = await createTestCa("other");
    const both = alive(new Promise<readonly Uint8Array[]>((resolve) => files.roots.onChange(resolve)));
    await writeFile(`${paths.ca}.new`, certificatesToPem([ca.der, other.der]));
    await rename(`${paths.ca}.new`, paths.ca);
    assert.equal((await both).length, 2);
  });

  it("does not start with bad files; with waitMs, it waits", async () => {
    await assert.rejects(open(), (error) => {
      assert.ok(error instanceof InterlockError);
      assert.match(error.message, /There is no identity: .*cannot be read \(ENOENT\)\. Look at what writes/);
      return true;
    });
    const waiting = fromFiles({ ...paths, pollMs: 10, waitMs: 60_000 }).open({ clock: systemClock, log });
    await put(await ca.issue("spiffe://test/a"));
    opened = await waiting;
    assert.equal(opened.identity.current().spiffeId.name, "a");
  });

  it("warns of a key that others can read, and of none that its group can", async () => {
    await put(await ca.issue("spiffe://test/a"));
    await chmod(paths.key, 0o640);
    (await open()).close();
    assert.equal(lines.length, 0);
    await chmod(paths.key, 0o644);
    await open();
    assert.match(String(lines[0]?.[1]?.warning), /tls\.key has mode 0644/);
  });
});
