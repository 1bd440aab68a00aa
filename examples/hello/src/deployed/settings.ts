import { existsSync, readFileSync } from "node:fs";
import type { JoinFleetOptions, ServeOptions } from "@interlock/bot";

/** The settings of a bot that runs in a container or as a service: all of them from the environment. */
export interface Settings {
  readonly joining: JoinFleetOptions;
  readonly listening: ServeOptions;
}

/**
 * Reads the settings. A new bot needs one of the two ways in: `INTERLOCK_JOIN_TOKEN_FILE`, or, in Kubernetes,
 * `INTERLOCK_SERVICE_ACCOUNT_TOKEN` with `INTERLOCK_CA`.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const tokenFile = env.INTERLOCK_SERVICE_ACCOUNT_TOKEN;
  const joinTokenFile = env.INTERLOCK_JOIN_TOKEN_FILE;
  const joinToken = joinTokenFile && existsSync(joinTokenFile) ? readFileSync(joinTokenFile, "utf8").trim() : "";
  return {
    joining: {
      authority: required(env, "INTERLOCK_AUTHORITY"),
      name: required(env, "INTERLOCK_NAME"),
      stateDir: required(env, "INTERLOCK_STATE"),
      ...(joinToken && { joinToken }),
      ...(tokenFile && { serviceAccount: { tokenFile, caFile: required(env, "INTERLOCK_CA") } }),
    },
    listening: {
      host: env.HOST ?? "0.0.0.0",
      port: Number(required(env, "PORT")),
      advertise: required(env, "ADVERTISE"),
    },
  };
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`${name} is not set`);
}
