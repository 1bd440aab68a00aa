import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InterlockError, writePrivateFile } from "@interlock/bot";

/** The folder in which a project keeps its authority, its bots and its operator: `.interlock` unless said. */
export const stateRoot = resolve(process.env.INTERLOCK_HOME ?? ".interlock");

/** Where the authority keeps what it has. */
export const authorityDir = join(stateRoot, "authority");

/** Where the bot called `name` keeps its identity. */
export function botDir(name: string): string {
  return join(stateRoot, "bots", name);
}

/** Which authority a bot belongs to; kept beside its identity. */
export interface Membership {
  readonly authority: string;
}

/** Which authority this project's commands talk to, and as whom. */
export interface Profile extends Membership {
  readonly operator: string;
}

/** Remembers the profile for the commands to come. */
export function saveProfile(profile: Profile): Promise<void> {
  return save(stateRoot, profile);
}

/** Remembers which authority the bot whose identity is in `dir` belongs to. */
export function saveMembership(dir: string, membership: Membership): Promise<void> {
  return save(dir, membership);
}

/** The profile that `interlock up`, or `interlock join` as an operator, has written here. */
export async function loadProfile(): Promise<Profile> {
  const remedy = 'run "interlock up" here, or "interlock join" as operator/<you> with a token from "interlock invite"';
  return load(stateRoot, `There is no fleet in ${stateRoot}: ${remedy}.`);
}

/** What `interlock join` has written for the bot called `name`. */
export async function loadMembership(name: string): Promise<Membership> {
  const dir = botDir(name);
  return load(dir, `There is no ${name} in ${dir}: run "interlock join --name ${name}" here first.`);
}

const file = "profile.json";

function save(dir: string, content: object): Promise<void> {
  return writePrivateFile(join(dir, file), `${JSON.stringify(content, undefined, 2)}\n`);
}

async function load<T>(dir: string, problem: string): Promise<T> {
  try {
    return JSON.parse(await readFile(join(dir, file), "utf8"));
  } catch (cause) {
    throw new InterlockError("FAILED_PRECONDITION", problem, { cause });
  }
}
