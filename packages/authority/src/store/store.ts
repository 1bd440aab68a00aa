import type { Kysely } from "kysely";
import { type AuditLog, createAuditLog } from "./audit-log.js";
import { type Bots, createBots } from "./bots.js";
import { type CaCertificates, createCaCertificates } from "./ca-certificates.js";
import { type Certificates, createCertificates } from "./certificates.js";
import { createEndpoints, type Endpoints } from "./endpoints.js";
import { createFleet, type Fleet } from "./fleet.js";
import { createGrantVersions, type GrantVersions } from "./grant-versions.js";
import { createJoinTokens, type JoinTokens } from "./join-tokens.js";
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
}

/** Everything the authority remembers. What a call acknowledges is on the disk. */
export interface Store extends Records {
  /** Runs `work` so that all of it happens, or none. Inside, only the records passed to it may be used. */
  transaction<T>(work: (records: Records) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The store over a database that has been migrated; the same over SQLite and PostgreSQL. */
export function createStore(db: Kysely<Schema>): Store {
  return {
    ...createRecords(db),
    transaction: (work) => db.transaction().execute((transaction) => work(createRecords(transaction))),
    close: () => db.destroy(),
  };
}

function createRecords(db: Kysely<Schema>): Records {
  return {
    fleet: createFleet(db),
    caCertificates: createCaCertificates(db),
    signingKeys: createSigningKeys(db),
    joinTokens: createJoinTokens(db),
    bots: createBots(db),
    certificates: createCertificates(db),
    revocations: createRevocations(db),
    grantVersions: createGrantVersions(db),
    endpoints: createEndpoints(db),
    usage: createUsage(db),
    auditLog: createAuditLog(db),
  };
}
