import { parseSpiffeId } from "@interlock/policy";
import type { DenialLog } from "../audit-log/denial-log.js";
import type { Records } from "../store/store.js";
import type { CheckedReport } from "./check-report.js";
import { recordUsage } from "./record-usage.js";

/** How long after its last report a process of a bot counts as gone once another one reports, in milliseconds. */
const instanceGoneMs = 5 * 60_000;

/** What became of a report. */
export interface RecordedReport {
  /** Whether the bot serves anything now, in any of its processes. */
  readonly serving: boolean;
  /** Whether the manifest with the reported hash is not on record. */
  readonly manifestWanted: boolean;
}

/** Records a report of a bot, of which one process reports what it serves. Call it in a transaction. */
export async function recordReport(
  records: Records,
  spiffeId: string,
  report: CheckedReport,
  denialLog: DenialLog,
  now: number,
): Promise<RecordedReport> {
  const { bots, endpoints, instances, manifests, serverRecords, auditLog } = records;
  const services = [...new Set(report.endpoints.map(({ service }) => service))];
  await serverRecords.seen(spiffeId, services, now);
  if (report.uncountedAt !== undefined) await serverRecords.uncounted(spiffeId, report.uncountedAt);
  await recordUsage(records, spiffeId, report.usage);
  await auditLog.append(...denialLog.entries(spiffeId, report.usage, now));
  const { instance, manifestHash, manifest } = report;
  if (manifest !== undefined) await manifests.add({ hash: manifestHash, json: manifest, reportedAt: now });
  const isKnown = manifestHash === "" || manifest !== undefined || (await manifests.has(manifestHash));
  const unserved = await instances.seen({
    spiffeId,
    instance,
    version: report.version,
    manifestHash: isKnown ? manifestHash : "",
    services: JSON.stringify(services),
    addresses: JSON.stringify([...new Set(report.endpoints.map(({ address }) => address))]),
    startedAt: report.startedAt,
    seenAt: now,
    stoppedAt: report.stopping ? now : null,
  });
  if (unserved) await manifests.pruneUnserved();
  // A retired bot is valid until its certificate ends, but it is not in the directory any more, and does not come back into it. Nor
  // is a process there that ends, whose last report says what it has served.
  const bot = await bots.find(parseSpiffeId(spiffeId)?.name ?? "");
  const isRetired = bot !== undefined && bot.retiredAt !== null;
  const serving = await endpoints.report({
    spiffeId,
    instance,
    endpoints: isRetired || report.stopping ? [] : report.endpoints,
    now,
    goneBefore: now - instanceGoneMs,
  });
  return { serving, manifestWanted: !isKnown };
}
