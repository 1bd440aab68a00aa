import { dirname } from "node:path";
import { InterlockError } from "@interlock/bot";
import { parseSpiffeId, type ServedService } from "@interlock/policy";
import { GrantsError, type GrantsFinding, lintGrants, locateGrants } from "@interlock/policy/grants";
import { allPages } from "./all-pages.js";
import { servicesIn } from "./audit/read-fleet.js";
import { createConditionFaults, readTypes } from "./condition-faults.js";
import { findManifests, readServices } from "./find-manifests.js";
import type { Session } from "./operator.js";
import { type Output, paint } from "./output.js";

/** A grants file that was read. */
export interface GrantsFile {
  /** The path as it was given. */
  readonly path: string;
  readonly yaml: string;
  /** Manifest files to hold it against. Default: those in its folder and below. */
  readonly manifests: readonly string[] | undefined;
}

/**
 * Holds a grants file against the manifests beside it, those that bots have reported, and the bots that have joined or
 * been invited. Gives no findings for a file that cannot be read: the authority says what is wrong with it.
 */
export async function checkGrants({ admin }: Session, file: GrantsFile): Promise<GrantsFinding[]> {
  const grants = locate(file.yaml);
  if (!grants) return [];
  const manifests = file.manifests ?? (await findManifests(dirname(file.path)));
  const isConditioned = grants.some(({ where }) => where !== undefined);
  const [local, types, reported, identities] = await Promise.all([
    localServices(manifests),
    isConditioned ? readTypes(manifests) : [],
    reportedServices(admin),
    knownIdentities(admin),
  ]);
  const isOwn = ({ name }: ServedService) => name.startsWith("interlock.authority.");
  const services = [...local, ...(reported ?? [])];
  // Where nothing but the authority has reported, nothing is known of the fleet's services.
  return lintGrants(grants, {
    services: services.every(isOwn) ? [] : services,
    identities,
    conditionFaults: createConditionFaults(services, types),
  });
}

/** Whether a finding keeps a file from being applied: a condition that fits no request would take the scope away. */
export function stops(id: GrantsFinding["id"]): boolean {
  return id === "unsound-condition";
}

/** Prints findings for people: the place, the line with a mark below, and what to do. */
export function printFindings(output: Output, { path, yaml }: GrantsFile, findings: readonly GrantsFinding[]): void {
  const lines = yaml.split("\n");
  for (const { id, line, column, length, message, remedy } of findings) {
    const kind = stops(id) ? paint("red", "error") : paint("yellow", "warning");
    output.line(`${path}:${line}:${column}: ${kind} ${message} ${paint("dim", `[${id}]`)}`);
    const { text, at } = around(lines[line - 1] ?? "", column - 1);
    output.line(`  ${text}`);
    output.line(`  ${" ".repeat(at)}${paint("yellow", "^".repeat(Math.max(1, Math.min(length, text.length - at))))}`);
    output.line(`  ${remedy}`);
  }
}

/** The maximum number of characters of a line that are shown. */
const maximumShown = 120;

/** The part of a line around a column, with a space for each tab, so that the mark stands below its text. */
function around(line: string, column: number): { text: string; at: number } {
  const from = line.length <= maximumShown ? 0 : Math.max(0, column - 40);
  const text = line.slice(from, from + maximumShown).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ");
  return { text, at: column - from };
}

function locate(yaml: string): ReturnType<typeof locateGrants> | undefined {
  try {
    return locateGrants(yaml);
  } catch (error) {
    if (error instanceof GrantsError) return undefined;
    throw error;
  }
}

async function localServices(manifests: readonly string[]): Promise<ServedService[]> {
  return (await Promise.all(manifests.map(readServices))).flat();
}

async function reportedServices(admin: Session["admin"]): Promise<ServedService[] | undefined> {
  const manifests = await ifAllowed(() => allPages(admin.listManifests, (answer) => answer.manifests));
  return manifests?.flatMap(({ json }) => servicesIn(json));
}

async function knownIdentities(admin: Session["admin"]): Promise<string[] | undefined> {
  const [bots, instances, tokens] = await Promise.all([
    ifAllowed(() => allPages(admin.listBots, (answer) => answer.bots)),
    ifAllowed(() => allPages(admin.listInstances, (answer) => answer.instances)),
    ifAllowed(() => allPages(admin.listJoinTokens, (answer) => answer.joinTokens)),
  ]);
  if (!bots || !instances || !tokens) return undefined;
  const names = [...bots.filter(({ retiredAt }) => !retiredAt), ...instances].map(
    ({ spiffeId }) => parseSpiffeId(spiffeId)?.name,
  );
  return [...names.filter((name) => name !== undefined), ...tokens.map(({ name }) => name)];
}

/** Resolves with `undefined` where this operator may not look, or an older authority does not know the call. */
async function ifAllowed<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (["PERMISSION_DENIED", "UNIMPLEMENTED"].includes(InterlockError.from(error).code)) return undefined;
    throw error;
  }
}
