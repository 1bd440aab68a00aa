import type { Clock } from "@interlock/bot";
import { InterlockError } from "@interlock/bot";
import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import { type JSONWebKeySet, type JWTPayload, SignJWT } from "jose";
import { coalesce } from "../coalesce.js";
import type { KeyVault } from "../key-vault/key-vault.js";
import type { SigningKeyRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";
import { signingKey } from "./key-schedule.js";
import { createTokenKeys, type PrivateKey, type TokenKeys } from "./token-keys.js";

/** How a token key is replaced. */
export interface Rotation {
  /** How long the new one is published before it signs, in milliseconds: so that every bot knows it. */
  readonly leadMs: number;
  /** The old ones have leaked: the new one signs at once, and they are withdrawn at once. */
  readonly leaked: boolean;
  /** Who does it, a SPIFFE ID. */
  readonly by: string;
}

/** Signs tokens, and replaces the key that does. Whoever changes keys refreshes the trust hub after. */
export interface TokenSigner {
  /** The public keys: that which signs, those that have signed, and one that is going to (RFC 7517). */
  readonly jwks: JSONWebKeySet;
  /** The same, as they are on record; the newest first. */
  readonly keys: readonly SigningKeyRow[];
  /** Signs an access token: ES256, header type `at+jwt` (RFC 9068, section 2.1). */
  sign(claims: JWTPayload): Promise<string>;
  /** Takes over what another authority on the store has done. */
  refresh(): Promise<void>;
  /** Makes a new key. Rejects with `FAILED_PRECONDITION` while one is prepared already, unless they have leaked. */
  rotate(rotation: Rotation): Promise<SigningKeyRow>;
  /** Withdraws what no valid token can be signed with any more. True when that changed anything. */
  withdrawDue(by: string): Promise<boolean>;
}

// Bots whose clocks are late hold a token for valid longer.
const marginMs = 60_000;

/**
 * The fleet's token signer; its key is made when there is none yet. Rejects when the private half of a key that signs,
 * or is going to, is not in the vault. Call it while no other authority on the store starts.
 */
export async function loadOrCreateTokenSigner(store: Store, clock: Clock, vault: KeyVault): Promise<TokenSigner> {
  const tokenKeys = createTokenKeys(vault);
  if ((await store.signingKeys.list()).length === 0) {
    // The private half first: one that no row knows of is harmless, a row without it is not.
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
  // What a start or a rotation that was cut short has left; nobody else makes keys meanwhile.
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
      if (!key) throw new Error("there is no token key to sign with");
      return new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid }).sign(key);
    },
    async rotate(rotation) {
      // Alone, so that no start takes the private half for one that nobody knows of.
      const { row, withdrawn } = await store.exclusively(async () => {
        await refuseUnderWay(store, rotation, clock.now()); // Before a key is made that nobody would know.
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

/** Puts a key on record, and says until when the others are. Gives those that are withdrawn now, as well. */
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
  throw new InterlockError("FAILED_PRECONDITION", `The key ${kid} is prepared already, and signs from ${when}: wait.`);
}
