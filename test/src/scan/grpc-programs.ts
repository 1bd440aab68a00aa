import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startChild } from "./child-target.js";
import type { Target } from "./target.js";

const execute = promisify(execFile);
const sources = join(import.meta.dirname, "../../src/scan");

/** Starts servers of one library for gRPC. */
export type StartGrpc = (security: string, folder: string) => Promise<Target>;

/** Builds the grpc-go server. Returns a sentence where this machine cannot. */
export async function buildGrpcGo(): Promise<StartGrpc | string> {
  const program = join(await mkdtemp(join(tmpdir(), "interlock-scan-go-")), "server");
  try {
    await execute("go", ["build", "-o", program, "."], { cwd: join(sources, "go") });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    return `grpc-go needs the Go of test/src/scan/go/go.mod, and its modules: ${stderr.trim().split("\n").at(-1) || error}`;
  }
  return (security, folder) => startChild(program, [security, folder]);
}

/** Finds a Python with grpcio. Returns a sentence where there is none. */
export async function findGrpcio(): Promise<StartGrpc | string> {
  // Debian's packages are for Debian's Python, which another one may hide in PATH.
  for (const python of ["/usr/bin/python3", "python3"]) {
    if (python.startsWith("/") && !existsSync(python)) continue;
    try {
      await execute(python, ["-c", "import grpc"]);
      return (security, folder) => startChild(python, [join(sources, "grpcio_server.py"), security, folder]);
    } catch {}
  }
  return "there is no Python with grpcio: install it, on Debian with apt-get install python3-grpcio";
}
