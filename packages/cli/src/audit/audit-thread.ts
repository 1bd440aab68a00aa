// The thread of the daily audit: it asks the authority's thread for what is known, page by page, and judges it here.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { defaultWindowMs, runAudit, toKeptRun } from "@interlock/audit";
import type { AuditResult } from "@interlock/authority";
import { InterlockError } from "@interlock/bot";
import type { FleetSource } from "./fleet-source.js";
import { auditFileName, readAuditFile } from "./read-decisions.js";
import { readAuthority, readFiles } from "./read-inputs.js";
import type { AuditAnswer, AuditTask, FromThread } from "./thread-messages.js";

const { now, trustDomain, reads, project } = workerData as AuditTask;
const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
let asked = 0;

parentPort?.on("message", ({ id, answer, problem }: AuditAnswer) => {
  const call = waiting.get(id);
  waiting.delete(id);
  if (problem === undefined) call?.resolve(answer);
  else call?.reject(new Error(problem));
});

const ask = (method: string) => (request: unknown) =>
  new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject });
    send({ id: asked, method, request });
  });

function send(message: FromThread): void {
  parentPort?.postMessage(message);
}

async function judge(): Promise<AuditResult> {
  const admin = Object.fromEntries(reads.map((name) => [name, ask(name)])) as unknown as FleetSource["admin"];
  const source = { admin, bot: { spiffeId: { trustDomain } } };
  const [known, files, { suppressions }] = await Promise.all([
    readAuthority(source, new Date(now - defaultWindowMs)),
    project === undefined ? {} : readFiles([project]),
    readDecisions(),
  ]);
  const report = runAudit({ now, ...files, ...known }, { suppressions });
  const { findings, notJudged = [] } = toKeptRun(report);
  const leftOut = report.leftOut + report.findings.length - findings.length;
  return { findings, leftOut, counts: report.counts, notJudged };
}

/** Reads the suppressions of the project: none where there is no such file. */
function readDecisions() {
  const file = project === undefined ? undefined : join(project, auditFileName);
  return file !== undefined && existsSync(file) ? readAuditFile(file) : { suppressions: [] };
}

try {
  send({ result: await judge() });
} catch (error) {
  send({ problem: InterlockError.from(error).message });
} finally {
  parentPort?.close();
}
