import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Clock, InterlockError, type Log } from "@interlock/bot";
import { denial, issuerOf, verifyWorkloadToken, type Workload } from "@interlock/bot/internal";
import { isBotName } from "@interlock/policy";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { isIssuable } from "../names.js";
import type { JoinRule, JoinRules } from "./join-rules.js";
import { parseJoinRules } from "./parse-join-rules.js";
import { createWorkloadKeys } from "./workload-keys.js";

/** A workload that a rule admits, and the name that the rule gives it. */
export interface AdmittedWorkload {
  readonly workload: Workload;
  /** The name of the bot. */
  readonly name: string;
}

/** Decides which workloads may join, and under which name. */
export interface WorkloadDoor {
  /**
   * Verifies a workload's token, and finds its rule.
   *
   * @throws A denial: one of `TOKEN_…`, `ISSUER_…`, or `WORKLOAD_NOT_ADMITTED`.
   */
  admit(token: string): Promise<AdmittedWorkload>;
}

/** What the door works with. */
export interface WorkloadDoorOptions {
  /** The file of join rules. Default: none, so that no workload is admitted. */
  readonly file: string | undefined;
  /** The SPIFFE ID of the authority: the audience of the tokens. */
  readonly audience: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens the door: reads the rules, and the keys of each issuer that are in a file. Rejects when they cannot be read. */
export async function openWorkloadDoor({ file, audience, clock, log }: WorkloadDoorOptions): Promise<WorkloadDoor> {
  const { issuers, joins } = file === undefined ? { issuers: [], joins: [] } : await readRules(file);
  const keysOf = new Map(issuers.map((one) => [one.issuer, createWorkloadKeys(one, clock, log)]));
  for (const keys of keysOf.values()) await keys.checkFile();
  return {
    async admit(token) {
      if (keysOf.size === 0) {
        throw denial("WORKLOAD_NOT_ADMITTED", 'this authority has no join rules; start it with "interlock up --joins"');
      }
      const issuer = issuerOf(token);
      const keys = keysOf.get(issuer);
      if (!keys) throw denial("TOKEN_ISSUER", "no issuer of the join rules has issued it");
      const jwks = await keys.forKey(decodeProtectedHeader(token).kid ?? "");
      const workload = await verifyWorkloadToken(token, { issuer, audience, jwks, now: clock.now() });
      const rule = joins.find((one) => one.issuer === issuer && one.account === workload.account);
      if (!rule) throw denial("WORKLOAD_NOT_ADMITTED", `no rule is for ${workload.account}`);
      return { workload, name: nameOf(rule, workload) };
    },
  };
}

/** Reads a file of join rules. Paths in it are relative to its folder. */
async function readRules(file: string): Promise<JoinRules> {
  const yaml = await readFile(file, "utf8").catch((cause) => {
    throw new InterlockError("NOT_FOUND", `${file} cannot be read: name an existing file of join rules.`, { cause });
  });
  const { issuers, joins } = parseJoinRules(yaml);
  const from = (path: string) => (path.includes("://") ? path : resolve(dirname(file), path));
  return {
    joins,
    issuers: issuers.map(({ issuer, keys, caFile, tokenFile }) => ({
      issuer,
      keys: from(keys),
      ...(caFile !== undefined && { caFile: from(caFile) }),
      ...(tokenFile !== undefined && { tokenFile: from(tokenFile) }),
    })),
  };
}

function nameOf({ name: rule }: JoinRule, { pod }: Workload): string {
  const name = rule.endsWith("/*") ? `${rule.slice(0, -1)}${pod}` : rule;
  // The pod's name is a claim: it must stay one segment.
  if (!pod.includes("/") && isBotName(name) && isIssuable(name)) return name;
  throw denial("WORKLOAD_NOT_ADMITTED", "the name of its pod cannot be part of a bot's name");
}
