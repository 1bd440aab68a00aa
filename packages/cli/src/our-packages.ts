import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InterlockError } from "@interlock/bot";
import { version } from "./version.js";

const names = {
  bot: "@interlock/bot",
  policy: "@interlock/policy",
  wire: "@interlock/wire",
  testing: "@interlock/testing",
  database: "@interlock/database",
  authority: "@interlock/authority",
  audit: "@interlock/audit",
  gateway: "@interlock/gateway",
  redis: "@interlock/redis",
  spiffe: "@interlock/spiffe",
  mcp: "@interlock/mcp",
  validate: "@interlock/validate",
  cli: "@interlock/cli",
  generator: "protoc-gen-interlock",
} as const;

/** The version specifiers of a new project's dependencies. */
export interface OurPackages {
  readonly ours: Readonly<Record<keyof typeof names, string>>;
  readonly others: { readonly protobuf: string; readonly mocha: string; readonly typescript: string };
}

/**
 * Returns the version specifiers for a new project: the tarballs in `folder`, if it is given; otherwise the tarballs
 * from which this command was installed, if there are any; otherwise the published versions.
 */
export async function ourPackages(folder?: string): Promise<OurPackages> {
  const tarballs = await (folder === undefined ? installedTarballs() : tarballsIn(folder));
  const entries = Object.entries(names).map(([key, name]) => [key, tarballs.get(name) ?? `^${version}`]);
  return {
    ours: Object.fromEntries(entries) as OurPackages["ours"],
    others: { protobuf: "^2.17.0", mocha: "^12.0.3", typescript: "^7.0.2" },
  };
}

/** Finds the tarballs of this installation by package name, from npm's lock file in `node_modules`. */
async function installedTarballs(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let folder = import.meta.dirname; dirname(folder) !== folder; folder = dirname(folder)) {
    const text = await readFile(join(folder, "node_modules", ".package-lock.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const { packages = {} }: { packages?: Record<string, { resolved?: string }> } = JSON.parse(text);
    for (const [path, { resolved }] of Object.entries(packages)) {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      if (resolved?.startsWith("file:") && resolved.endsWith(".tgz")) {
        found.set(name, `file:${resolve(folder, resolved.slice("file:".length))}`);
      }
    }
    break;
  }
  return found;
}

/** Finds the tarballs in a folder by package name, under the names that `npm pack` gives them. */
async function tarballsIn(folder: string): Promise<Map<string, string>> {
  const files = await readdir(folder).catch((cause) => {
    throw new InterlockError("NOT_FOUND", `${folder} cannot be read: name the folder that holds the tarballs.`, {
      cause,
    });
  });
  const found = Object.values(names).map((name): [string, string] => {
    const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    if (!files.includes(file)) throw new InterlockError("NOT_FOUND", `${folder} has no ${file}: pack it there first.`);
    return [name, `file:${resolve(folder, file)}`];
  });
  return new Map(found);
}
