import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type Approval,
  breakingConfig,
  type Finding,
  type Fleet,
  type GrantsFile,
  gateRules,
  newApprovals,
  type Project,
  runGate,
} from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { GrantsError } from "@interlock/policy/grants";
import { findBreaking, GenerateError } from "protoc-gen-interlock";
import { asMember } from "../operator.js";
import { readFault } from "../read-fault.js";
import { withRevision } from "./base-revision.js";
import { generatedProject } from "./generated-project.js";
import { readApprovals } from "./read-approvals.js";
import { readFleet } from "./read-fleet.js";
import { readGrantsFile, readProtos } from "./read-project.js";

/** What is checked. */
export interface CheckOptions {
  /** The folder of the proto files, relative to the current folder. */
  readonly protos: string;
  /** The base revision; absent for none. */
  readonly against?: string | undefined;
  readonly grants: string;
  /** Whether the authority is never asked. */
  readonly offline: boolean;
  /** How far back a call makes a caller live, in milliseconds. Default: 7 days. */
  readonly liveMs?: number | undefined;
}

/** What a check has found. */
export interface CheckReport {
  readonly findings: readonly Finding[];
  /** What could not be judged, in clauses. */
  readonly unjudged: readonly string[];
  /** Why it could not be judged, in sentences. */
  readonly reasons: readonly string[];
}

/** What a base revision has. */
interface Base {
  readonly project: Project;
  readonly approvals: readonly Approval[];
  readonly breaking: readonly Finding[];
}

/** Judges the change between a base revision and the current folder. */
export async function checkChange(options: CheckOptions): Promise<CheckReport> {
  const { protos, against, offline, liveMs } = options;
  const folder = resolve(".");
  const now = Date.now();
  const reasons: string[] = [];
  const head = await generatedProject(folder, protos).catch(faultsOf);
  if (Array.isArray(head)) return { findings: head, unjudged: [], reasons };
  const grantsFile = await readGrants(folder, options.grants);
  if ("findings" in grantsFile) return { ...grantsFile, unjudged: [], reasons };
  const base = await readBase(folder, protos, against, reasons);
  const approvals = newApprovals(await readApprovals(folder), base?.approvals ?? []);
  const change = { now, head, base: base?.project, grantsFile: grantsFile.file, approvals, liveMs };
  let gate = runGate(change);
  // The authority is asked only for what nothing else tells.
  const fleet = gate.unjudged.length > 0 && !offline ? await askAuthority(reasons) : undefined;
  if (fleet) gate = runGate({ ...change, fleet });
  return {
    findings: [...gate.findings, ...(base?.breaking ?? [])],
    unjudged: [
      ...(against !== undefined && !base ? [`what has changed since ${against}`] : []),
      ...(offline ? [] : gate.unjudged),
    ],
    reasons,
  };
}

function faultsOf(error: unknown): Finding[] {
  if (!(error instanceof GenerateError) || error.faults.length === 0) throw error;
  const { id, severity, remedy } = gateRules.policyFault;
  return error.faults.map(readFault).map(({ file, line = 1, column = 1, method, message }) => ({
    rule: id,
    severity,
    subject: method ?? file ?? "",
    message: `${method ?? file ?? "A proto file"} ${message}.`,
    evidence: [],
    remedy,
    ...(file !== undefined && { place: { file, line, column } }),
  }));
}

async function readGrants(
  folder: string,
  path: string,
): Promise<{ file: GrantsFile | undefined } | { findings: Finding[] }> {
  if (!existsSync(join(folder, path))) return { file: undefined };
  try {
    return { file: await readGrantsFile(folder, join(folder, path)) };
  } catch (error) {
    if (!(error instanceof GrantsError)) throw error;
    const { severity } = gateRules.policyFault;
    return {
      findings: error.faults.map(({ line = 1, message }) => ({
        rule: gateRules.policyFault.id,
        severity,
        subject: path,
        message: `${path} cannot be used: ${message}.`,
        evidence: [],
        remedy: "Mend the grants file.",
        place: { file: path, line, column: 1 },
      })),
    };
  }
}

async function readBase(
  folder: string,
  protos: string,
  against: string | undefined,
  reasons: string[],
): Promise<Base | undefined> {
  if (against === undefined) return undefined;
  try {
    return await withRevision(folder, against, async (base) => {
      const hasProtos = existsSync(join(base, protos));
      if (!hasProtos && (await readProtos(base)).some(({ text }) => text.includes("interlock.policy.v1")))
        throw new Error(`its proto files are not in ${protos}; name the folder that both have with --protos`);
      const project = hasProtos ? await generatedProject(base, protos) : { services: [] };
      const [config, before] = await Promise.all([folder, base].map(bufYaml));
      const changes = await findBreaking({
        workspace: folder,
        protos,
        against: base,
        config: breakingConfig(config, before),
      });
      const approvals = await readApprovals(base);
      return { project, approvals, breaking: changes.filter(({ rule }) => !isRemoval(rule)).map(toFinding) };
    });
  } catch (error) {
    reasons.push(`${against} cannot be read: ${(error as Error).message.trim().replace(/\.?$/, ".")}`);
    return undefined;
  }
}

async function bufYaml(folder: string): Promise<string | undefined> {
  const path = join(folder, "buf.yaml");
  return existsSync(path) ? readFile(path, "utf8") : undefined;
}

/** Whether a rule of buf is about something that is gone: that is judged by the methods that need it. */
function isRemoval(rule: string): boolean {
  return /^(PACKAGE_)?(RPC|SERVICE|MESSAGE|ENUM|FILE|EXTENSION|PACKAGE)_NO_DELETE$/.test(rule);
}

function toFinding({ file, line, column, rule, message }: Awaited<ReturnType<typeof findBreaking>>[number]): Finding {
  const { id, severity, remedy } = gateRules.breakingChange;
  const place = file === undefined ? {} : { place: { file, line, column } };
  return {
    rule: id,
    severity,
    subject: `${file ?? ""} ${rule} ${message}`,
    message,
    evidence: [`buf: ${rule}.`],
    remedy,
    ...place,
  };
}

/** Reads what the authority knows; where it is away, or this folder is of no fleet, gives the reason and nothing. */
async function askAuthority(reasons: string[]): Promise<Fleet | undefined> {
  try {
    return await asMember(readFleet);
  } catch (error) {
    reasons.push(InterlockError.from(error).message);
    return undefined;
  }
}
