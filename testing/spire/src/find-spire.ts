import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The two programs of SPIRE, by their paths. */
export interface SpirePrograms {
  readonly server: string;
  readonly agent: string;
}

const version = "v1.13.3";
const cache = new URL(`../../../node_modules/.cache/interlock/spire-${version}`, import.meta.url);
const execute = promisify(execFile);

let found: Promise<SpirePrograms | { missing: string }> | undefined;

/**
 * Gives SPIRE's programs: those in the folder `INTERLOCK_SPIRE`, or built with Go from the module proxy, once for each version and
 * clone, which takes minutes. Or a line that says why there are none.
 */
export function findSpire(): Promise<SpirePrograms | { readonly missing: string }> {
  found ??= find();
  return found;
}

async function find(): Promise<SpirePrograms | { missing: string }> {
  const given = process.env.INTERLOCK_SPIRE;
  const folder = given || fileURLToPath(cache);
  const programs = { server: join(folder, "spire-server"), agent: join(folder, "spire-agent") };
  if (existsSync(programs.server) && existsSync(programs.agent)) return programs;
  if (given) return { missing: `there is no spire-server and spire-agent in INTERLOCK_SPIRE, ${given}` };
  try {
    await build(folder);
    return programs;
  } catch (error) {
    const { stderr = "", code } = error as { stderr?: string; code?: unknown };
    const why = code === "ENOENT" ? "there is no Go on the PATH" : stderr.trim().split("\n").at(-1) || String(error);
    return { missing: `SPIRE cannot be built: ${why}` };
  }
}

/** Programs of a module that replaces others cannot be installed by themselves: they are tools of a module that requires it. */
async function build(target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  // In a folder of its own, since two test processes may build at the same time.
  const folder = await mkdtemp(join(target, "build-"));
  const options = { cwd: folder, env: { ...process.env, GOBIN: folder, GOFLAGS: "-mod=mod" }, maxBuffer: 2 ** 26 };
  const programs = ["spire-server", "spire-agent"].map((name) => `github.com/spiffe/spire/cmd/${name}`);
  await writeFile(join(folder, "go.mod"), "module interlock-spire\n");
  await execute("go", ["get", "-tool", ...programs.map((name) => `${name}@${version}`)], options);
  await execute("go", ["install", "-ldflags=-s -w", ...programs], options);
  for (const name of ["spire-server", "spire-agent"]) await rename(join(folder, name), join(target, name));
  await rm(folder, { recursive: true });
}
