import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKeyVault } from "./key-vault.js";

const secret = "-----BEGIN PRIVATE KEY-----\nnot really one\n";

describe("key vault", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-vault-"));
    path = join(folder, "ca.key");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const vault = createKeyVault("correct horse");
  const raw = () => readFile(path, "utf8");

  it("keeps what only the passphrase gives back", async () => {
    assert.equal(await vault.read(path), undefined);
    await vault.write(path, secret);
    assert.doesNotMatch(await raw(), /PRIVATE|not really/);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal(await vault.read(path), secret);
    await assert.rejects(createKeyVault("correct hors").read(path), /passphrase is another/);
    await assert.rejects(createKeyVault().read(path), /is encrypted: give the passphrase/);
  });

  it("never makes the same file twice of the same key", async () => {
    await vault.write(path, secret);
    const first = await raw();
    await vault.write(path, secret);
    assert.notEqual(await raw(), first);
  });

  it("finds out that a file was changed, or put in the place of another", async () => {
    await vault.write(path, secret);
    const sealed = await raw();
    for (const field of ["salt", "iv", "tag", "data"]) {
      const forged = sealed.replace(
        new RegExp(`"${field}":"(.)`),
        (_, c: string) => `"${field}":"${c === "A" ? "B" : "A"}`,
      );
      assert.notEqual(forged, sealed);
      await writeFile(path, forged);
      await assert.rejects(vault.read(path), /file was changed/, field);
    }
    for (const text of [sealed.slice(0, 60), sealed.replace('"N":32768', '"N":1099511627776')]) {
      await writeFile(path, text);
      await assert.rejects(vault.read(path), /file was changed/);
    }
    await writeFile(path, sealed);
    const other = join(folder, "other.key");
    await copyFile(path, other);
    await assert.rejects(vault.read(other), /file was changed/);
  });

  it("encrypts a file from before there was a passphrase", async () => {
    await createKeyVault().write(path, secret);
    assert.equal(await raw(), secret);
    assert.equal(await vault.read(path), secret);
    assert.notEqual(await raw(), secret);
    assert.equal(await vault.read(path), secret);
  });
});
