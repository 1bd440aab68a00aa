import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { type AuthorityRecord, createAuthorityFile, unreadable, writePrivateFile } from "@interlock/bot/internal";
import { shellWord } from "./shell-word.js";
import { botsDir, profileFile as file, stateRoot } from "./state-root.js";

/** The data folder of the authority. */
export const authorityDir = join(stateRoot, "authority");

/** Returns the folder of a bot's identity. */
export function botDir(name: string): string {
  return join(botsDir, name);
}

/** The authority that the commands of this project talk to, and the operator as which they do. */
export interface Profile {
  readonly authority: string;
  readonly operator: string;
}

/** Saves the profile for later commands. */
export function saveProfile(profile: Profile): Promise<void> {
  return writePrivateFile(join(stateRoot, file), `${JSON.stringify(profile, undefined, 2)}\n`);
}

/** Loads the profile that `interlock up`, or `interlock join` as an operator, saved. */
export async function loadProfile(): Promise<Profile> {
  const path = join(stateRoot, file);
  const remedy = 'run "interlock up" here, or "interlock join" as operator/<you> with a token from "interlock invite"';
  const text = await readFile(path, "utf8").catch((cause) => {
    throw (
      unreadable(path, cause) ??
      new InterlockError("FAILED_PRECONDITION", `There is no fleet in ${stateRoot}: ${remedy}.`, { cause })
    );
  });
  try {
    const { authority, operator }: Partial<Profile> = JSON.parse(text);
    if (typeof authority === "string" && typeof operator === "string") return { authority, operator };
  } catch {}
  throw new InterlockError("FAILED_PRECONDITION", `${path} is damaged. Move it away, and ${remedy}.`);
}

/**
 * Loads the name and the authority of the bot with the identity in `dir`. `name` takes precedence over the saved name.
 */
export async function loadMembership(dir: string, name?: string): Promise<AuthorityRecord> {
  const saved = await createAuthorityFile(dir).load();
  const self = name ?? saved?.name;
  if (saved && self) return { ...saved, name: self };
  const remedy = `run "interlock join --name ${self ? shellWord(self) : "<name>"} --dir ${shellWord(dir)}" first`;
  throw new InterlockError("FAILED_PRECONDITION", `There is no ${self || "bot"} in ${dir}: ${remedy}.`);
}
