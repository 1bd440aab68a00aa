import type { Clock } from "@interlock/bot";
import { InterlockError } from "@interlock/bot";
import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import type { JSONWebKeySet, JWTPayload } from "jose";
import { SignJWT } from "jose/jwt/sign";
import { coalesce } from "../coalesce.js";
import type { KeyVault } from "../key-vault/key-vault.js";
import type { SigningKeyRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";
import { signingKey } from "./key-schedule.js";
import { createTokenKeys, type PrivateKey, type TokenKeys } from "./token-keys.js";

/** The options of a key rotation. */
export interface Rotation {
  /** How long the new key is published before it signs, so that every bot has received it, in milliseconds. */
  readonly leadMs: number;
  /** Whether the old keys have leaked: then the new key signs, and the old ones are withdrawn, at once. */
  readonly leaked: boolean;
  /** The SPIFFE ID of the actor. */
  readonly by: string;
}

/** The signer of tokens. After a change of its keys, refresh the trust hub. */
export interface TokenSigner {
  /** The public keys (RFC 7517): the signing one, earlier ones, and a prepared one. */
  readonly jwks: JSONWebKeySet;
  /** The records of those keys, the newest first. */
  readonly keys: readonly SigningKeyRow[];
  /** Signs an access token: ES256, header type `at+jwt` (RFC 9068, section 2.1). */
  sign(claims: JWTPayload): Promise<string>;
  /** Loads changes of other authorities on the store. */
  refresh(): Promise<void>;
  /** Creates a new key. Rejects with `FAILED_PRECONDITION` while one is prepared, except after a leak. */
  rotate(rotation: Rotation): Promise<SigningKeyRow>;
  /** Withdraws keys without valid tokens. Resolves with true when that changed something. */
  withdrawDue(by: string): Promise<boolean>;
}

// Bots with slow clocks accept a token for longer.
const marginMs = 60_000;

/**
 * Opens the fleet's token signer, and creates its first key in a new store. Rejects when the private key of a signing
 * or a prepared key is missing from the vault. Call it while no other authority on the store starts.
 */
export async function loadOrCreateTokenSigner(store: Store, clock: Clock, vault: KeyVault): Promise<TokenSigner> {
  const tokenKeys = createTokenKeys(vault);
  if ((await store.signingKeys.list()).length === 0) {
    // The private key first: a key without a row is harmless, a row without its key is not.
    const { publicJwk } = await tokenKeys.create();
    await store.signingKeys.add(rowOf(publicJwk, clock.now(), clock.now()));
  }
  const privateKeys = new Map<string, PrivateKey>();
  let rows: readonly SigningKeyRow[] = [];

  const refresh = coalesce(async () => {
    const next = await store.signingKeys.list();
    const current = signingKey(next, clock.now());
    for (const { kid, signsFrom } of next) {
      const signs = signsFrom >= (current?.signsFrom ?? 0);
      if (signs && !privateKeys.has(kid)) privateKeys.set(kid, await tokenKeys.load(kid));
    }
    const published = new Set(next.map(({ kid }) => kid));
    for (const kid of privateKeys.keys()) if (!published.has(kid)) privateKeys.delete(kid);
    rows = next;
  });

  async function discard(kids: readonly string[]): Promise<void> {
    for (const kid of kids) await tokenKeys.delete(kid);
  }

  await refresh();
  // Removes keys of an interrupted start or rotation. No other authority creates keys meanwhile.
  const known = new Set(rows.map(({ kid }) => kid));
  await discard((await tokenKeys.list()).filter((kid) => !known.has(kid)));
  return {
    refresh,
    get jwks() {
      return { keys: rows.map((row) => JSON.parse(row.publicJwk)) };
    },
    get keys() {
      return rows;
    },
    async sign(claims) {
      const { kid = "" } = signingKey(rows, clock.now()) ?? {};
      const key = privateKeys.get(kid);
      if (!key) throw new Error("there is no token key that can sign");
      return new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid }).sign(key);
    },
    async rotate(rotation) {
      // Exclusively, so that a starting authority does not remove the new private key as unknown.
      const { row, withdrawn } = await store.exclusively(async () => {
        await refuseUnderWay(store, rotation, clock.now()); // Before a key is created for nothing.
        const { publicJwk, privateKey } = await tokenKeys.create();
        const done = await store.transaction((records) => replaceKeys(records, publicJwk, rotation, clock.now()));
        privateKeys.set(publicJwk.kid, privateKey);
        return done;
      });
      await refresh();
      await discard(withdrawn);
      return row;
    },
    async withdrawDue(by) {
      const at = clock.now();
      if (!rows.some(({ withdrawnAt }) => withdrawnAt !== null && withdrawnAt <= at)) return false;
      const withdrawn = await store.transaction(async (records) => {
        const gone = await records.signingKeys.withdraw(at);
        for (const kid of gone) await publish(records, { at, by, kid, details: { done: "withdrawn" } });
        return gone;
      });
      await refresh();
      await discard(withdrawn);
      return withdrawn.length > 0;
    },
  };
}

type PublicJwk = Awaited<ReturnType<TokenKeys["create"]>>["publicJwk"];

/** Records a new key and sets the withdrawal of the others. Also returns the keys that are withdrawn now. */
async function replaceKeys(
  records: Records,
  publicJwk: PublicJwk,
  rotation: Rotation,
  now: number,
): Promise<{ row: SigningKeyRow; withdrawn: string[] }> {
  const { signingKeys } = records;
  const { leadMs, leaked, by } = rotation;
  await refuseUnderWay(records, rotation, now);
  const signsFrom = leaked ? now : now + leadMs;
  await signingKeys.withdrawOthersAt(leaked ? now : signsFrom + maximumTokenLifetimeMs + marginMs);
  const withdrawn = await signingKeys.withdraw(now);
  const row = rowOf(publicJwk, now, signsFrom);
  await signingKeys.add(row);
  const details = { done: "made", signsFrom, leaked, withdrawn };
  await publish(records, { at: now, by, kid: row.kid, details });
  return { row, withdrawn };
}

function rowOf(publicJwk: PublicJwk, createdAt: number, signsFrom: number): SigningKeyRow {
  return { kid: publicJwk.kid, publicJwk: JSON.stringify(publicJwk), createdAt, signsFrom, withdrawnAt: null };
}

interface Change {
  readonly at: number;
  readonly by: string;
  readonly kid: string;
  readonly details: object;
}

async function publish({ fleet, auditLog }: Records, { at, by, kid, details }: Change): Promise<void> {
  await fleet.nextTrustVersion();
  await auditLog.append({ at, kind: "key", actor: by, subject: kid, details: { ...details } });
}

async function refuseUnderWay(
  { signingKeys }: Pick<Records, "signingKeys">,
  { leaked }: Rotation,
  now: number,
): Promise<void> {
  const prepared = (await signingKeys.list()).find(({ signsFrom }) => signsFrom > now);
  if (!prepared || leaked) return;
  const { kid, signsFrom } = prepared;
  const when = new Date(signsFrom).toISOString();
  throw new InterlockError(
    "FAILED_PRECONDITION",
    `The key ${kid} is already prepared and signs from ${when}: wait until then.`,
  );
}
