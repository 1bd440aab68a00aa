import type { Unsubscribe } from "@interlock/bot";
import { createTurns } from "@interlock/database";
import type { Kysely } from "kysely";
import { type Approvals, createApprovals } from "./approvals.js";
import { type AuditLog, createAuditLog } from "./audit-log.js";
import { type AuditRuns, createAuditRuns } from "./audit-runs.js";
import { type Bots, createBots } from "./bots.js";
import { type CaCertificates, createCaCertificates } from "./ca-certificates.js";
import { type Certificates, createCertificates } from "./certificates.js";
import { createDelegations, type Delegations } from "./delegations.js";
import { createEndpoints, type Endpoints } from "./endpoints.js";
import type { Engine } from "./engine.js";
import { createFederations, type Federations } from "./federations.js";
import { createFleet, type Fleet } from "./fleet.js";
import { createGrantVersions, type GrantVersions } from "./grant-versions.js";
import { createInstances, type Instances } from "./instances.js";
import { createJoinTokens, type JoinTokens } from "./join-tokens.js";
import { createManifests, type Manifests } from "./manifests.js";
import { createPrivateKeys, type PrivateKeys } from "./private-keys.js";
import { createRetiredMethods, type RetiredMethods } from "./retired-methods.js";
import { createRevocations, type Revocations } from "./revocations.js";
import type { Schema } from "./schema.js";
import { createServerRecords, type ServerRecords } from "./server-records.js";
import { createSigningKeys, type SigningKeys } from "./signing-keys.js";
import { tellFaults } from "./tell-faults.js";
import { createUsage, type Usage } from "./usage.js";
import { createUsageDays, type UsageDays } from "./usage-days.js";
import { createWorkloads, type Workloads } from "./workloads.js";

/** The records of the authority: one repository for each concept. */
export interface Records {
  readonly fleet: Fleet;
  readonly caCertificates: CaCertificates;
  readonly signingKeys: SigningKeys;
  readonly joinTokens: JoinTokens;
  readonly bots: Bots;
  readonly workloads: Workloads;
  readonly certificates: Certificates;
  readonly revocations: Revocations;
  readonly retiredMethods: RetiredMethods;
  readonly federations: Federations;
  readonly delegations: Delegations;
  readonly approvals: Approvals;
  readonly grantVersions: GrantVersions;
  readonly endpoints: Endpoints;
  readonly instances: Instances;
  readonly manifests: Manifests;
  readonly usage: Usage;
  readonly usageDays: UsageDays;
  readonly serverRecords: ServerRecords;
  readonly auditLog: AuditLog;
  readonly auditRuns: AuditRuns;
  readonly privateKeys: PrivateKeys;
}

/** The store of the authority. When a call resolves, its changes are on the disk. */
export interface Store extends Records {
  /** Whether other authorities may use it at the same time. */
  readonly shared: boolean;
  /**
   * Runs `work` in a transaction: all of it happens or none, and no other transaction of any authority runs meanwhile.
   * Inside, use only the records that are passed to it.
   */
  transaction<T>(work: (records: Records) => Promise<T>): Promise<T>;
  /**
   * Calls `listener` when another authority has changed trust or grants, or may have. Read the store then. A
   * notification can be lost with its connection, so read the store regularly, too.
   */
  onChange(listener: () => void): Unsubscribe;
  /** Runs `work` while no other authority on this store does: for what is created once. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Creates the store on a migrated database, in the same way on SQLite and on PostgreSQL. */
export function createStore(engine: Engine): Store {
  const { db, shared, onChange, exclusively, close } = engine;
  const inTurn = createTurns();
  const records = Object.entries(createRecords(db, () => {})).map(([name, record]) => [name, tellFaults(record)]);
  return tellFaults({
    ...(Object.fromEntries(records) as Records),
    shared,
    onChange,
    exclusively,
    close,
    // One transaction of this process at a time: waiting ones must not hold connections, which reads need.
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
  });
}

/** Creates the records. `changed` is called for every change that other authorities have to load at once. */
function createRecords(db: Kysely<Schema>, changed: () => void): Records {
  return {
    fleet: createFleet(db, changed),
    caCertificates: createCaCertificates(db),
    signingKeys: createSigningKeys(db),
    joinTokens: createJoinTokens(db),
    bots: createBots(db),
    workloads: createWorkloads(db),
    certificates: createCertificates(db),
    revocations: createRevocations(db),
    retiredMethods: createRetiredMethods(db),
    federations: createFederations(db),
    delegations: createDelegations(db),
    approvals: createApprovals(db),
    grantVersions: createGrantVersions(db, changed),
    endpoints: createEndpoints(db),
    instances: createInstances(db),
    manifests: createManifests(db),
    usage: createUsage(db),
    usageDays: createUsageDays(db),
    serverRecords: createServerRecords(db),
    auditLog: createAuditLog(db),
    auditRuns: createAuditRuns(db),
    privateKeys: createPrivateKeys(db),
  };
}
