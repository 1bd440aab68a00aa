import type { Unsubscribe } from "@interlock/bot";
import { createTurns } from "@interlock/database";
import type { Kysely } from "kysely";
import { type AuditLog, createAuditLog } from "./audit-log.js";
import { type Bots, createBots } from "./bots.js";
import { type CaCertificates, createCaCertificates } from "./ca-certificates.js";
import { type Certificates, createCertificates } from "./certificates.js";
import { createEndpoints, type Endpoints } from "./endpoints.js";
import type { Engine } from "./engine.js";
import { createFleet, type Fleet } from "./fleet.js";
import { createGrantVersions, type GrantVersions } from "./grant-versions.js";
import { createJoinTokens, type JoinTokens } from "./join-tokens.js";
import { createPrivateKeys, type PrivateKeys } from "./private-keys.js";
import { createRevocations, type Revocations } from "./revocations.js";
import type { Schema } from "./schema.js";
import { createSigningKeys, type SigningKeys } from "./signing-keys.js";

import { createUsage, type Usage } from "./usage.js";

/** What the authority remembers, one repository for each concept. */
export interface Records {
  readonly fleet: Fleet;
  readonly caCertificates: CaCertificates;
  readonly signingKeys: SigningKeys;
  readonly joinTokens: JoinTokens;
  readonly bots: Bots;
  readonly certificates: Certificates;
  readonly revocations: Revocations;
  readonly grantVersions: GrantVersions;
  readonly endpoints: Endpoints;
  readonly usage: Usage;
  readonly auditLog: AuditLog;
  readonly privateKeys: PrivateKeys;
}

/** Everything the authority remembers. What a call acknowledges is on the disk. */
export interface Store extends Records {
  /** Whether other authorities may be at work on it, at the same time. */
  readonly shared: boolean;
  /**
   * Runs `work` so that all of it happens, or none, and no other transaction between its beginning and its end, in any
   * authority. Inside, only the records passed to it may be used.
   */
  transaction<T>(work: (records: Records) => Promise<T>): Promise<T>;
  /**
   * Tells that another authority has changed trust or grants, or may have: what counts is in the store. A notification
   * can be lost with the connection that it was to come over, so look at the store now and then as well.
   */
  onChange(listener: () => void): Unsubscribe;
  /** Runs `work` while no other authority on this store does so: for what is made once. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The store over a database that has been migrated; the same over SQLite and PostgreSQL. */
export function createStore(engine: Engine): Store {
  const { db, shared, onChange, exclusively, close } = engine;
  const inTurn = createTurns();
  return {
    ...createRecords(db, () => {}),
    shared,
    onChange,
    exclusively,
    close,
    // One of this process's at a time: those that wait hold no connection, which reading needs.
    transaction: (work) =>
      inTurn(() =>
        db.transaction().execute(async (transaction) => {
          await engine.beginWriting(transaction);
          let changed = false;
          const records = createRecords(transaction, () => {
            changed = true;
          });
          const result = await work(records);
          if (changed) await engine.announce(transaction);
          return result;
        }),
      ),
  };
}

/** `changed` is told of every change that other authorities have to know of at once. */
function createRecords(db: Kysely<Schema>, changed: () => void): Records {
  return {
    fleet: createFleet(db, changed),
    caCertificates: createCaCertificates(db),
    signingKeys: createSigningKeys(db),
    joinTokens: createJoinTokens(db),
    bots: createBots(db),
    certificates: createCertificates(db),
    revocations: createRevocations(db),
    grantVersions: createGrantVersions(db, changed),
    endpoints: createEndpoints(db),
    usage: createUsage(db),
    auditLog: createAuditLog(db),
    privateKeys: createPrivateKeys(db),
  };
}
