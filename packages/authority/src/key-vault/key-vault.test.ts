import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKeyFolder } from "./key-folder.js";
import type { KeyPlace } from "./key-place.js";
import { createKeyVault, type KeyVault } from "./key-vault.js";

const secret = "-----BEGIN PRIVATE KEY-----\nnot really one\n";

describe("key vault", () => {
  let folder: string;
  let place: KeyPlace;
  let vault: KeyVault;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-vault-"));
    place = createKeyFolder(folder);
    vault = createKeyVault(place, "correct horse");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const name = "ca.key";
  const raw = () => readFile(join(folder, name), "utf8");

  it("keeps what only the passphrase gives back", async () => {
    assert.equal(await vault.read(name), undefined);
    await vault.write(name, secret);
    assert.doesNotMatch(await raw(), /PRIVATE|not really/);
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
    assert.equal(await vault.read(name), secret);
    await assert.rejects(createKeyVault(place, "correct hors").read(name), /passphrase is wrong/);
    await assert.rejects(createKeyVault(place).read(name), /is encrypted: give the passphrase/);
  });

  it("never makes the same file twice of the same key", async () => {
    await vault.write(name, secret);
    const first = await raw();
    await vault.write(name, secret);
    assert.notEqual(await raw(), first);
  });

  it("finds out that a file was changed, or put in the place of another", async () => {
    await vault.write(name, secret);
    const sealed = await raw();
    for (const field of ["salt", "iv", "tag", "data"]) {
      const forged = sealed.replace(
        new RegExp(`"${field}":"(.)`),
        (_, c: string) => `"${field}":"${c === "A" ? "B" : "A"}`,
      );
      assert.notEqual(forged, sealed);
      await writeFile(join(folder, name), forged);
      await assert.rejects(vault.read(name), /was changed/, field);
    }
    for (const text of [sealed.slice(0, 60), sealed.replace('"N":32768', '"N":1099511627776')]) {
      await writeFile(join(folder, name), text);
      await assert.rejects(vault.read(name), /was changed/);
    }
    await writeFile(join(folder, name), sealed);
    await copyFile(join(folder, name), join(folder, "other.key"));
    await assert.rejects(vault.read("other.key"), /was changed/);
  });

  it("knows what it has, and removes it", async () => {
    await writeFile(join(folder, "authority.db"), "");
    await vault.write("token-a_-1.key", secret);
    await vault.write(name, secret);
    assert.deepEqual((await place.names()).sort(), [name, "token-a_-1.key"]);
    for (let i = 0; i < 2; i++) await vault.remove(name);
    assert.deepEqual(await place.names(), ["token-a_-1.key"]);
    assert.match(vault.missing(name).message, /ca\.key is missing. Restore it/);
  });

  it("has no names that lead out of its folder", async () => {
    for (const bad of ["../ca.key", "/ca.key", "a/b.key", "..key", "ca.db", ""]) {
      await assert.rejects(async () => vault.write(bad, secret), /not a name of a private key/, bad);
    }
  });

  it("encrypts a file from before there was a passphrase", async () => {
    await createKeyVault(place).write(name, secret);
    assert.equal(await raw(), secret);
    assert.equal(await vault.read(name), secret);
    assert.notEqual(await raw(), secret);
    assert.equal(await vault.read(name), secret);
  });
});
