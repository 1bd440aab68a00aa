import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { commandIn, type RunCommand } from "../cli.js";
import type { Fleet } from "../fleet.js";
import type { Act } from "./act.js";

const service = "warehouse.v1.DiagnosticsService";
const project = fileURLToPath(new URL("../..", import.meta.url));

export const retired: Act = {
  name: "retired",
  title: "The audit finds the forgotten diagnostics endpoint; one command retires it, and a scan proves it",
  bars: [],
  verdict: "done",
  expected: "1 finding before, a signed record, its servers answer 12, 0 findings after",
  async play({ fleet }) {
    const interlock = await asAuditor(fleet);
    const before = await findingsOf(interlock);
    const began = performance.now();
    const { record, file } = (await interlock("retire", "service", service, "--yes")) as unknown as Retirement;
    const ms = performance.now() - began;
    const rescan = record?.steps.find(({ id }) => id === "rescan");
    const verified = file === undefined ? undefined : await interlock("retire", "verify", file);
    const after = await findingsOf(interlock);
    const ok =
      before.length === 1 &&
      after.length === 0 &&
      record?.complete === true &&
      verified?.ok === true &&
      rescan?.state === "done";
    const seen = `before: ${before.join(", ") || "nothing"}; the scan: ${rescan?.result}; after: ${after.join(", ") || "nothing"}`;
    return { seen, ms, ok };
  },
};

/** What `interlock retire` prints. */
interface Retirement {
  readonly record?: {
    readonly complete: boolean;
    readonly steps: readonly { readonly id: string; readonly state: string; readonly result: string }[];
  };
  /** The signed record. */
  readonly file?: string;
}

/** The command of an operator on a machine of its own. */
async function asAuditor({ authority, folderOf, invite }: Fleet): Promise<RunCommand> {
  const home = folderOf("auditor");
  await mkdir(home, { recursive: true });
  const name = "operator/auditor";
  const join = commandIn(home, { INTERLOCK_JOIN_TOKEN: await invite(name), INTERLOCK_AUTHORITY: authority.address });
  await join("join", "--name", name);
  return commandIn(home);
}

/** What the audit finds about the service. */
async function findingsOf(interlock: RunCommand): Promise<string[]> {
  const { findings } = await interlock("audit", "--project", project);
  const all = findings as readonly { readonly rule: string; readonly subject: string }[];
  return all
    .filter(({ subject }) => subject.startsWith(service))
    .map(({ rule, subject }) => `${rule} ${subject.slice(subject.lastIndexOf(".") + 1)}`);
}
