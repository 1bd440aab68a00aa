import { join, resolve } from "node:path";

/** The folder with a project's authority, bots and operator: INTERLOCK_HOME. Default: `.interlock`. */
export const stateRoot = resolve(process.env.INTERLOCK_HOME ?? ".interlock");

/** The folder with the identities of bots. */
export const botsDir = join(stateRoot, "bots");

/** The name of the file with the authority and the operator of a project, in {@link stateRoot}. */
export const profileFile = "profile.json";
