import { totalmem } from "node:os";
import { Worker } from "node:worker_threads";
import type { AuditRequest, AuditResult, DailyAudit } from "@interlock/authority";
import { InterlockError } from "@interlock/bot";
import type { AuditAnswer, AuditTask, FromThread } from "./thread-messages.js";

/** The memory that a judgment may use at most, in MiB: a quarter of what there is for this process, if that is less. */
const maximumMiB = 1_024;

/** What is judged every day, and when first. */
export interface DailyAuditOptions {
  /** The folder of a project, whose proto files, grants and suppressions are judged with the fleet. Default: none. */
  readonly project?: string | undefined;
  /** How long after the start of the authority the first audit runs, in milliseconds. Default: 5 minutes. */
  readonly firstAfterMs?: number | undefined;
}

/**
 * The daily audit of `interlock up`. It runs in a thread of its own, which asks the authority for one page after the other, so
 * that neither reading nor judging holds up the authority.
 */
export function createDailyAudit({ project, firstAfterMs }: DailyAuditOptions): DailyAudit {
  return { firstAfterMs, judge: (request) => judgeInThread(request, project) };
}

async function judgeInThread(request: AuditRequest, project: string | undefined): Promise<AuditResult> {
  const { now, trustDomain, admin, signal } = request;
  signal.throwIfAborted();
  const task: AuditTask = { now, trustDomain, reads: Object.keys(admin), project };
  const worker = new Worker(new URL("./audit-thread.js", import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: availableMiB() },
  });
  const stop = () => void worker.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<AuditResult>((resolve, reject) => {
      worker.on("message", (message: FromThread) => {
        if ("result" in message) resolve(message.result);
        else if ("problem" in message) reject(new InterlockError("INTERNAL", message.problem));
        else
          answer(admin, message)
            .then((reply) => worker.postMessage(reply))
            .catch(reject);
      });
      worker.on("error", reject);
      worker.on("exit", () => reject(new InterlockError("ABORTED", "The audit was stopped.")));
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

/** Asks the authority for the thread. */
async function answer(
  admin: AuditRequest["admin"],
  { id, method, request }: { readonly id: number; readonly method: string; readonly request: unknown },
): Promise<AuditAnswer> {
  try {
    const reads = admin as unknown as Readonly<Record<string, (request: unknown) => Promise<unknown>>>;
    return { id, answer: await reads[method]?.(request) };
  } catch (error) {
    return { id, problem: InterlockError.from(error).message };
  }
}

/** The memory for one judgment, in MiB. */
function availableMiB(): number {
  const constrained = process.constrainedMemory();
  const total = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return Math.min(maximumMiB, Math.floor(total / 4 / 1_048_576));
}
