import { createHash, randomUUID } from "node:crypto";
import { AdminService, AuthorityService, EnrollmentService } from "@interlock/bot/protocol";
import { servedManifest } from "@interlock/policy";
import type { EndpointRow } from "../store/schema.js";
import type { Records } from "../store/store.js";

/** This process, as it records itself. */
export interface OwnReport {
  /** The authority's own SPIFFE ID. */
  readonly spiffeId: string;
  /** The authority's own endpoints. */
  readonly endpoints: readonly Pick<EndpointRow, "service" | "address">[];
  readonly now: number;
  /** When calls were last served of which the counts are lost; absent for never. */
  readonly uncountedAt?: number | undefined;
  /** Whether the process ends. */
  readonly stopping: boolean;
}

const instance = randomUUID();
const json = JSON.stringify(servedManifest([AuthorityService, AdminService, EnrollmentService]));
const manifestHash = createHash("sha256").update(json).digest("hex");

/** Records a sign of life of this authority, and the manifest that it serves. Call it in a transaction. */
export async function recordOwn(
  { instances, manifests, serverRecords }: Records,
  { spiffeId, endpoints, now, uncountedAt, stopping }: OwnReport,
): Promise<void> {
  await manifests.add({ hash: manifestHash, json, reportedAt: now });
  const services = [...new Set(endpoints.map(({ service }) => service))];
  await serverRecords.seen(spiffeId, services, now);
  if (uncountedAt !== undefined) await serverRecords.uncounted(spiffeId, uncountedAt);
  await instances.seen({
    spiffeId,
    instance,
    version: "",
    manifestHash,
    services: JSON.stringify(services),
    addresses: JSON.stringify([...new Set(endpoints.map(({ address }) => address))]),
    startedAt: now - Math.round(process.uptime() * 1_000),
    seenAt: now,
    stoppedAt: stopping ? now : null,
  });
}
