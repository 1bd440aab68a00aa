import type { FleetMark } from "@interlock/audit";
import type { Session } from "../operator.js";

/** Reads the numbers by which the authority's records tell before from after. */
export async function readMark({ admin }: Pick<Session, "admin">): Promise<FleetMark> {
  const [grants, status, log] = await Promise.all([
    admin.getGrants({}),
    admin.getStatus({}),
    admin.listLog({ limit: 1, latest: true }),
  ]);
  return {
    grantsVersion: Number(grants.version),
    trustVersion: Number(status.trustVersion),
    log: { seq: Number(log.head?.seq ?? 0), hash: log.head?.hash ?? "" },
  };
}
