import type { Clock } from "@interlock/bot";
import { InterlockError, maximumTokenLifetimeMs } from "@interlock/bot";
import { type JSONWebKeySet, type JWTPayload, SignJWT } from "jose";
import type { KeyVault } from "../key-vault/key-vault.js";
import type { SigningKeyRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";
import { signingKey } from "./key-schedule.js";
import { createTokenKeys, type TokenKeys } from "./token-keys.js";

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
  /** Makes a new key. Rejects with `FAILED_PRECONDITION` while one is prepared already, unless they have leaked. */
  rotate(rotation: Rotation): Promise<SigningKeyRow>;
  /** Withdraws what no valid token can be signed with any more. True when that changed anything. */
  withdrawDue(by: string): Promise<boolean>;
}

// Bots whose clocks are late hold a token for valid longer.
const marginMs = 60_000;

/**
 * The fleet's token signer; its key is made when there is none yet. Rejects when the private half of a key that signs,
 * or is going to, is not in the vault.
 */
export async function loadOrCreateTokenSigner(store: Store, clock: Clock, vault: KeyVault): Promise<TokenSigner> {
  const tokenKeys = createTokenKeys(vault);
  if ((await store.signingKeys.list()).length === 0) await create(tokenKeys, store, clock.now(), clock.now());
  const privateKeys = new Map<string, Awaited<ReturnType<TokenKeys["load"]>>>();
  let rows: readonly SigningKeyRow[] = [];

  async function reload(): Promise<void> {
    const next = await store.signingKeys.list();
    const current = signingKey(next, clock.now());
    for (const { kid, signsFrom } of next) {
      const signs = signsFrom >= (current?.signsFrom ?? 0);
      if (signs && !privateKeys.has(kid)) privateKeys.set(kid, await tokenKeys.load(kid));
    }
    rows = next;
  }

  async function forget(kids: readonly string[]): Promise<void> {
    for (const kid of kids) {
      privateKeys.delete(kid);
      await tokenKeys.delete(kid);
    }
  }

  await reload();
  return {
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
    async rotate({ leadMs, leaked, by }) {
      const now = clock.now();
      const prepared = rows.find(({ signsFrom }) => signsFrom > now);
      if (prepared && !leaked) throw underWay(prepared);
      const signsFrom = leaked ? now : now + leadMs;
      const { kid, ...publicJwk } = await tokenKeys.create();
      const withdrawn = await store.transaction(async (records) => {
        await records.signingKeys.withdrawOthersAt(leaked ? now : signsFrom + maximumTokenLifetimeMs + marginMs);
        const gone = await records.signingKeys.withdraw(now);
        const row = {
          kid,
          publicJwk: JSON.stringify({ ...publicJwk, kid }),
          createdAt: now,
          signsFrom,
          withdrawnAt: null,
        };
        await records.signingKeys.add(row);
        await publish(records, { at: now, by, kid, details: { done: "made", signsFrom, leaked, withdrawn: gone } });
        return gone;
      });
      await reload();
      await forget(withdrawn);
      return rows.find((row) => row.kid === kid) as SigningKeyRow;
    },
    async withdrawDue(by) {
      const at = clock.now();
      if (!rows.some(({ withdrawnAt }) => withdrawnAt !== null && withdrawnAt <= at)) return false;
      const withdrawn = await store.transaction(async (records) => {
        const gone = await records.signingKeys.withdraw(at);
        for (const kid of gone) await publish(records, { at, by, kid, details: { done: "withdrawn" } });
        return gone;
      });
      await reload();
      await forget(withdrawn);
      return withdrawn.length > 0;
    },
  };
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

async function create(tokenKeys: TokenKeys, store: Store, now: number, signsFrom: number): Promise<void> {
  // The private half first: one that no row knows of is harmless, a row without it is not.
  const publicJwk = await tokenKeys.create();
  const row = {
    kid: publicJwk.kid,
    publicJwk: JSON.stringify(publicJwk),
    createdAt: now,
    signsFrom,
    withdrawnAt: null,
  };
  await store.signingKeys.add(row);
}

function underWay({ kid, signsFrom }: SigningKeyRow): InterlockError {
  const when = new Date(signsFrom).toISOString();
  return new InterlockError("FAILED_PRECONDITION", `The key ${kid} is prepared already, and signs from ${when}: wait.`);
}
