import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InterlockError } from "@interlock/bot";
import { type AuthorityRecord, createAuthorityFile, writePrivateFile } from "@interlock/bot/internal";

/** The folder in which a project keeps its authority, its bots and its operator: `.interlock` unless said. */
export const stateRoot = resolve(process.env.INTERLOCK_HOME ?? ".interlock");

/** Where the authority keeps what it has. */
export const authorityDir = join(stateRoot, "authority");

/** Where the bot called `name` keeps its identity. */
export function botDir(name: string): string {
  return join(stateRoot, "bots", name);
}

/** Which authority this project's commands talk to, and as whom. */
export interface Profile {
  readonly authority: string;
  readonly operator: string;
}

/** Remembers the profile for the commands to come. */
export function saveProfile(profile: Profile): Promise<void> {
  return writePrivateFile(join(stateRoot, file), `${JSON.stringify(profile, undefined, 2)}\n`);
}

/** The profile that `interlock up`, or `interlock join` as an operator, has written here. */
export async function loadProfile(): Promise<Profile> {
  const remedy = 'run "interlock up" here, or "interlock join" as operator/<you> with a token from "interlock invite"';
  try {
    return JSON.parse(await readFile(join(stateRoot, file), "utf8"));
  } catch (cause) {
    throw new InterlockError("FAILED_PRECONDITION", `There is no fleet in ${stateRoot}: ${remedy}.`, { cause });
  }
}

/** Whose identity is in `dir`, and where its authority is, as joining has left it there; `name` where that is known. */
export async function loadMembership(dir: string, name?: string): Promise<AuthorityRecord> {
  const saved = await createAuthorityFile(dir).load();
  const self = name ?? saved?.name;
  if (saved && self) return { ...saved, name: self };
  const remedy = `run "interlock join --name ${self || "<name>"} --dir ${dir}" first`;
  throw new InterlockError("FAILED_PRECONDITION", `There is no ${self || "bot"} in ${dir}: ${remedy}.`);
}

const file = "profile.json";
