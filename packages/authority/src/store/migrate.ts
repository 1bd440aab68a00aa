import { type Kysely, type Migration, Migrator } from "kysely";
import { first } from "./migrations/0001-first.js";
import { locks } from "./migrations/0002-locks.js";
import { enrolment } from "./migrations/0003-enrolment.js";
import { auditLog } from "./migrations/0004-audit-log.js";
import { keyRotation } from "./migrations/0005-key-rotation.js";
import { replicas } from "./migrations/0006-replicas.js";
import { caRotation } from "./migrations/0007-ca-rotation.js";
import { oauth } from "./migrations/0008-oauth.js";
import { unrevoked } from "./migrations/0009-unrevoked.js";
import { instances } from "./migrations/0010-instances.js";
import { manifests } from "./migrations/0011-manifests.js";
import { joinUses } from "./migrations/0012-join-uses.js";
import { workloads } from "./migrations/0013-workloads.js";
import { usageDays } from "./migrations/0014-usage-days.js";
import { retiredMethods } from "./migrations/0015-retired-methods.js";
import { auditRuns } from "./migrations/0016-audit-runs.js";
import { delegations } from "./migrations/0017-delegations.js";
import { federations } from "./migrations/0018-federations.js";
import type { Schema } from "./schema.js";

/** Every migration by its name, which never changes because databases store it. Add a new one at the end. */
const migrations: Readonly<Record<string, Migration>> = {
  "0001-first": first,
  "0002-locks": locks,
  "0003-enrolment": enrolment,
  "0004-audit-log": auditLog,
  "0005-key-rotation": keyRotation,
  "0006-replicas": replicas,
  "0007-ca-rotation": caRotation,
  "0008-oauth": oauth,
  "0009-unrevoked": unrevoked,
  "0010-instances": instances,
  "0011-manifests": manifests,
  "0012-join-uses": joinUses,
  "0013-workloads": workloads,
  "0014-usage-days": usageDays,
  "0015-retired-methods": retiredMethods,
  "0016-audit-runs": auditRuns,
  "0017-delegations": delegations,
  "0018-federations": federations,
};

/**
 * Migrates a database to the newest schema in one transaction. Rejects when a migration fails, and when a newer release
 * has migrated the database.
 */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
