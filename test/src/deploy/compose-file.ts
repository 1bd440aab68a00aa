import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { root } from "../structure/source-graph.js";

/** The condition under which a service starts after another. */
export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

/** A service of a compose file: the fields that deploy/compose.yaml uses. */
export interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly user?: string;
  readonly working_dir?: string;
  /** A service with one is not started by `up`. */
  readonly profiles?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly network_mode?: string;
  readonly networks?: { readonly default?: { readonly aliases?: readonly string[] } };
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

/** A compose file. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, object>>;
}

/** Reads deploy/compose.yaml. */
export function readComposeFile(): ComposeFile {
  return parse(readFileSync(join(root, "deploy/compose.yaml"), "utf8"), { merge: true });
}
