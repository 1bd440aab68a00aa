import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { createIdentityFolder } from "./identity-folder.js";
import { certificatesToPem } from "./pem.js";
import { writePrivateFile } from "./private-file.js";

describe("what is kept on disk", () => {
  let ca: TestCa;
  let folder: string;
  before(async () => {
    ca = await createTestCa();
  });
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "interlock-")), "state", "bot");
  });
  afterEach(() => rm(join(folder, "..", ".."), { recursive: true }));

  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  const file = () => join(folder, "identity.pem");

  it("an identity comes back as it went, or as none", async () => {
    const identities = createIdentityFolder(folder);
    assert.equal(await identities.load(), undefined);
    const identity = await ca.issue("spiffe://test/gripper/1");
    await identities.save(identity);
    assert.deepEqual(await identities.load(), identity);
    const renewed = await ca.issue("spiffe://test/gripper/1");
    await identities.save(renewed);
    assert.equal((await identities.load())?.leaf.serial, renewed.leaf.serial);
  });

  it("only its owner can read it, whatever it replaces and whatever the umask", async () => {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await writeFile(file(), "old", { mode: 0o666 });
    await chmod(file(), 0o666);
    const before = process.umask(0);
    try {
      await createIdentityFolder(folder).save(await ca.issue("spiffe://test/gripper/1"));
      await writePrivateFile(join(folder, "deeper", "x"), "x");
    } finally {
      process.umask(before);
    }
    assert.equal(await modeOf(file()), 0o600);
    assert.equal(await modeOf(join(folder, "deeper")), 0o700);
  });

  it("a write that fails leaves the old file, and nothing beside it", async () => {
    const path = join(folder, "x");
    await writePrivateFile(path, "old");
    await assert.rejects(writePrivateFile(path, Symbol("no data") as never));
    assert.equal(await readFile(path, "utf8"), "old");
    await mkdir(join(folder, "taken"));
    await writeFile(join(folder, "taken", "y"), "");
    await assert.rejects(writePrivateFile(join(folder, "taken"), "a folder is in the way"));
    assert.deepEqual((await readdir(folder)).sort(), ["taken", "x"]);
  });

  it("writers at the same time leave one whole file", async () => {
    const path = join(folder, "x");
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(50_000));
    await Promise.all(texts.map((text) => writePrivateFile(path, text)));
    assert.ok(texts.includes(await readFile(path, "utf8")));
    assert.deepEqual(await readdir(folder), ["x"]);
  });

  it("what is not an identity is said to be none, and not taken for one", async () => {
    const [one, other] = [await ca.issue("spiffe://test/a"), await ca.issue("spiffe://test/b")];
    const whole = one.privateKey + certificatesToPem(one.chain);
    for (const [name, pem] of [
      ["half a file", whole.slice(0, whole.length / 2)],
      ["empty", ""],
      ["no key", certificatesToPem(one.chain)],
      ["no certificate", one.privateKey],
      ["another's key", other.privateKey + certificatesToPem(one.chain)],
    ] as const) {
      await writePrivateFile(file(), pem);
      await assert.rejects(createIdentityFolder(folder).load(), /holds no private key with its certificate/, name);
    }
    await rm(file());
    await mkdir(file());
    await assert.rejects(createIdentityFolder(folder).load());
  });
});
