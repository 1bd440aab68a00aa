import assert from "node:assert/strict";
import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import { decodeProtectedHeader } from "jose";
import type { KeyVault } from "../key-vault/key-vault.js";
import type { SigningKeyRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { keyState } from "./key-schedule.js";
import { loadOrCreateTokenSigner, type TokenSigner } from "./token-signer.js";

const minute = 60_000;

describeOnEach("token keys", (create) => {
  let place: TestStore;
  let vault: KeyVault;
  let store: Store;
  let signer: TokenSigner;
  let now = 0;
  const clock = { now: () => now };
  beforeEach(async () => {
    now = Date.UTC(2030, 0, 1);
    place = await create();
    store = await place.open();
    vault = place.vault(store);
    await store.fleet.create("cafe", now);
    signer = await loadOrCreateTokenSigner(store, clock, vault);
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const rotate = (leaked = false) => signer.rotate({ leadMs: minute, leaked, by: "me" });
  const signs = async () => decodeProtectedHeader(await signer.sign({ sub: "x" })).kid;
  const published = () => signer.jwks.keys.map(({ kid }) => kid).sort();
  const version = async () => (await store.fleet.get())?.trustVersion;
  const states = () => signer.keys.map((key) => keyState(key, signer.keys, now));

  it("publishes a new key, signs with it once bots know it, and withdraws the old one after its last token", async () => {
    const [old = ""] = published();
    const { kid } = await rotate();
    assert.equal(await signs(), old);
    assert.deepEqual(published(), [old, kid].sort());
    assert.deepEqual(states(), ["prepared", "signing"]);
    assert.equal(await version(), 2);

    now += minute;
    assert.equal(await signs(), kid);
    assert.deepEqual(states(), ["signing", "retiring"]);
    now += maximumTokenLifetimeMs;
    assert.equal(await signer.withdrawDue("me"), false, "a token of the last moment is valid still, by a late clock");
    now += minute;
    assert.equal(await signer.withdrawDue("me"), true);
    assert.deepEqual(published(), [kid]);
    assert.equal(await version(), 3);
    assert.deepEqual(await vault.names(), [`token-${kid}.key`]);
    assert.deepEqual(
      (await store.auditLog.list(0, 9)).map((record) => [record.kind, record.subject, JSON.parse(record.details).done]),
      [
        ["key", kid, "made"],
        ["key", old, "withdrawn"],
      ],
    );
  });

  it("goes on with a rotation after a restart", async () => {
    const { kid } = await rotate();
    signer = await loadOrCreateTokenSigner(store, clock, vault);
    assert.notEqual(await signs(), kid);
    now += minute;
    assert.equal(await signs(), kid);
    now += maximumTokenLifetimeMs + minute;
    signer = await loadOrCreateTokenSigner(store, clock, vault);
    assert.equal(await signer.withdrawDue("me"), true);
    assert.deepEqual(published(), [kid]);
  });

  it("replaces keys that have leaked at once, a prepared one as well", async () => {
    await rotate();
    await assert.rejects(rotate(), { code: "FAILED_PRECONDITION" });
    const { kid } = await rotate(true);
    assert.deepEqual(published(), [kid]);
    assert.equal(await signs(), kid);
    assert.deepEqual(await vault.names(), [`token-${kid}.key`]);
  });

  it("signs with the only key there is, wherever the clock stands", async () => {
    const [only] = signer.keys as [SigningKeyRow];
    now -= 10 * minute;
    assert.equal(await signs(), only.kid);
  });
});
