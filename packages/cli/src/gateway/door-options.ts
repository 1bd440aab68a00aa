import { join, resolve } from "node:path";
import { InterlockError } from "@interlock/bot";
import type { ServedService } from "@interlock/policy";
import type { Command } from "commander";
import { findManifests, readServices } from "../find-manifests.js";
import { botDir } from "../state.js";

/** The options of every command about a door: whose it is, and what is behind it. */
export interface DoorOptions {
  /** The bot whose identity the door shows. */
  readonly name: string;
  /** The folder of its identity. Default: the one in this project. */
  readonly dir?: string;
  /** The folder of the secrets for Envoy. */
  readonly secrets?: string;
  readonly manifest?: readonly string[];
}

/** Adds those options. */
export function withDoor(command: Command): Command {
  return command
    .requiredOption("--name <name>", "the bot whose identity the door shows, for example gateway/1; it has joined")
    .option("--dir <folder>", "the folder of its identity. Default: the one in this project")
    .option(
      "--manifest <file...>",
      "the policies, as interlock generate wrote them. Default: every interlock.manifest.json here and below",
    )
    .option(
      "--secrets <folder>",
      "the folder for Envoy's certificates and keys. Default: envoy/ in the folder of the identity",
    );
}

/** The folder of the identity, and that of the secrets, whole paths. */
export function doorFolders({ name, dir, secrets }: DoorOptions): { readonly dir: string; readonly secrets: string } {
  const own = resolve(dir ?? botDir(name));
  return { dir: own, secrets: resolve(secrets ?? join(own, "envoy")) };
}

/** Reads the services of the manifests. Rejects where there are none, and where two manifests differ in one service. */
export async function doorServices({ manifest }: DoorOptions): Promise<readonly ServedService[]> {
  const files = manifest ?? (await findManifests("."));
  const services = new Map<string, ServedService>();
  for (const file of files) {
    for (const service of await readServices(file)) {
      const known = services.get(service.name);
      if (known && JSON.stringify(known.methods) !== JSON.stringify(service.methods)) {
        const remedy = "generate them anew, or name one with --manifest";
        throw new InterlockError("FAILED_PRECONDITION", `Two manifests differ in ${service.name}: ${remedy}.`);
      }
      services.set(service.name, service);
    }
  }
  if (services.size > 0) return [...services.values()];
  const remedy = 'run "interlock generate", or name one with --manifest';
  throw new InterlockError("NOT_FOUND", `There is no manifest with a service: ${remedy}.`);
}
