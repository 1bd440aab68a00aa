import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { root } from "../../structure/source-graph.js";
import { buildGo, cache } from "../go-program.js";

const execute = promisify(execFile);
const sources = join(import.meta.dirname, "../../../src/conformance/interop");

/** The grpcio that is installed where there is none. */
const grpcioVersion = "1.85.3";

/** The time for one case, in milliseconds. */
const caseMs = 30_000;

/** Client and server of another library: `client FOLDER ADDRESS CASE` and `server FOLDER`. */
export interface Peer {
  readonly name: string;
  /** Makes the calls of a case. Rejects with what went wrong. */
  client(folder: string, address: string, name: string): Promise<void>;
  /** Starts the server. */
  server(folder: string): Promise<{ readonly port: number; stop(): void }>;
}

/** The libraries, or a line that says why one is not there. */
export async function findPeers(): Promise<readonly (Peer | { readonly name: string; readonly missing: string })[]> {
  await mkdir(cache, { recursive: true });
  const go = await buildGo(join(sources, "go"), join(cache, "grpc-interop"));
  const python = await findPython();
  return [
    "path" in go ? peerOf("grpc-go", go.path) : { name: "grpc-go", ...go },
    "path" in python
      ? peerOf("grpcio", python.path, [join(sources, "grpcio_interop.py")])
      : { name: "grpcio", ...python },
  ];
}

function peerOf(name: string, program: string, before: readonly string[] = []): Peer {
  return {
    name,
    async client(folder, address, given) {
      try {
        await execute(program, [...before, "client", folder, address, given], { timeout: caseMs });
      } catch (error) {
        const { stderr = "", killed } = error as { stderr?: string; killed?: boolean };
        if (killed) throw new Error(`it has not ended in ${caseMs / 1_000} s`);
        throw new Error(stderr.trim().split("\n").slice(-6).join(" ").slice(-600) || String(error));
      }
    },
    async server(folder) {
      // grpcio tells of each server name that it has no certificate for, and ours are no DNS names.
      const env = { ...process.env, GRPC_VERBOSITY: "NONE" };
      const child = spawn(program, [...before, "server", folder], { env, stdio: ["ignore", "pipe", "inherit"] });
      const [port] = await once(createInterface({ input: child.stdout }), "line");
      return { port: Number(port), stop: () => void child.kill("SIGKILL") };
    },
  };
}

/** A Python with grpcio: one that is there, otherwise an environment of its own, with pip. */
async function findPython(): Promise<{ path: string } | { missing: string }> {
  const environments = join(root, "python/.venvs");
  const kept = existsSync(environments) ? readdirSync(environments) : [];
  const own = join(cache, `grpcio-${grpcioVersion}`);
  const places = [...kept.map((name) => join(environments, name, "bin/python")), join(own, "bin/python")];
  for (const path of ["/usr/bin/python3", "python3", ...places]) {
    if (path.includes("/") && !existsSync(path)) continue;
    if (await works(path, ["-c", "import grpc"])) return { path };
  }
  const path = join(own, "bin/python");
  try {
    await execute("python3", ["-m", "venv", "--clear", own]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"];
    await execute(path, [...pip, `grpcio==${grpcioVersion}`], { timeout: 120_000 });
    return { path };
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    return { missing: `there is no Python with grpcio: ${stderr.trim().split("\n").at(-1) || error}` };
  }
}

function works(path: string, args: string[]): Promise<boolean> {
  return execute(path, args).then(
    () => true,
    () => false,
  );
}
