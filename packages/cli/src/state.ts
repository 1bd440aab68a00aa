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

/** Which authority this project's commands talk to, and as whom. */
export interface Profile {
  readonly authority: string;
  readonly operator: string;
}

const profilePath = join(stateRoot, "profile.json");

/** Remembers the profile for the commands to come. */
export function saveProfile(profile: Profile): Promise<void> {
  return writePrivateFile(profilePath, `${JSON.stringify(profile, undefined, 2)}\n`);
}

/** The profile that `interlock up`, or `interlock join` as an operator, has written here. */
export async function loadProfile(): Promise<Profile> {
  try {
    return JSON.parse(await readFile(profilePath, "utf8"));
  } catch (cause) {
    const remedy =
      'run "interlock up" here, or "interlock join" as operator/<you> with a token from "interlock invite"';
    throw new InterlockError("FAILED_PRECONDITION", `There is no fleet in ${stateRoot}: ${remedy}.`, { cause });
  }
}
