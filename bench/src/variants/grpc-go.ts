import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { makeCertificates } from "../certificates.js";
import { startProgram } from "../program-process.js";
import type { ProgramVariant } from "../variant.js";
import type { TlsSettings } from "./grpc-js.js";

const execute = promisify(execFile);
const bench = join(import.meta.dirname, "../..");
const source = join(bench, "src/go");

let built: Promise<{ readonly program: string } | { readonly missing: string }> | undefined;
let program = "";

/** grpc-go with mutual TLS and nothing else, at both ends. */
export const grpcGo: ProgramVariant<TlsSettings> = {
  async missing() {
    built ??= build();
    const result = await built;
    if ("missing" in result) return result.missing;
    program = result.program;
    return undefined;
  },
  async prepare() {
    return { settings: await makeCertificates(), close: async () => {} };
  },
  start: (name) => startProgram(program, name),
};

/** Generates the Go code of the proto files, and builds the program. It says so where this machine cannot. */
async function build(): Promise<{ readonly program: string } | { readonly missing: string }> {
  const program = join(makeTemporaryFolder("bench-go").path, process.platform === "win32" ? "echo.exe" : "echo");
  const buf = join(dirname(createRequire(import.meta.url).resolve("@bufbuild/buf/package.json")), "bin/buf");
  const paths = ["protos/interlock/policy", "bench/protos/interlock/bench/v1/bench.proto"];
  const generate = ["generate", "../../..", ...paths.flatMap((path) => ["--path", `../../../${path}`])];
  try {
    await execute("go", ["version"], { cwd: source });
    await execute(process.execPath, [buf, ...generate], { cwd: source });
    await execute("go", ["build", "-o", program, "."], { cwd: source });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const reason = stderr.trim().split("\n").at(-1) || error;
    return { missing: `it needs the Go of bench/src/go/go.mod, and the modules named there: ${reason}` };
  }
  return { program };
}
