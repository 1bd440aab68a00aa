import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../structure/source-graph.js";

const execute = promisify(execFile);

/** Programs of a language, which speak plain gRPC and know nothing of Interlock. */
export interface Language {
  readonly name: string;
  /** The command that runs the echo program; a text that says what is missing where this machine cannot. */
  prepare(): Promise<readonly string[] | string>;
}

const programs = join(root, "test/src/gateway/programs");

const python: Language = {
  name: "Python",
  async prepare() {
    const command = process.env.PYTHON ?? "/usr/bin/python3";
    const missing = await execute(command, ["-c", "import grpc"]).catch((error: Error) => error);
    if (!(missing instanceof Error)) return [command, join(programs, "echo.py")];
    return `a Python with grpcio (apt install python3-grpcio), or PYTHON=<one that has it>: ${lastLine(missing)}`;
  },
};

const go: Language = {
  name: "Go",
  async prepare() {
    const folder = join(root, "test/dist/gateway");
    const cwd = join(programs, "echo-go");
    const program = join(folder, process.platform === "win32" ? "echo-go.exe" : "echo-go");
    await mkdir(folder, { recursive: true });
    const missing = await execute("go", ["build", "-o", program, "."], { cwd }).catch((error: Error) => error);
    return missing instanceof Error ? `the Go and the modules of ${cwd}/go.mod: ${lastLine(missing)}` : [program];
  },
};

/** The languages of the tests. */
export const languages: readonly Language[] = [python, go];

/** Returns what this machine lacks for examples/sidecar; `undefined` if it has everything. */
export async function missingForExample(): Promise<string | undefined> {
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const cwd = join(root, "examples/sidecar/crane");
  const modules = ["google.golang.org/grpc", "google.golang.org/protobuf/cmd/protoc-gen-go"];
  const wanted = [
    execute(python, ["-c", "import grpc, grpc_tools, google.protobuf"]),
    execute("go", ["list", "-deps", ...modules, "google.golang.org/grpc/cmd/protoc-gen-go-grpc"], {
      cwd,
      maxBuffer: 2 ** 24,
    }),
  ];
  const [failed] = (await Promise.allSettled(wanted)).filter((one) => one.status === "rejected");
  return failed && `python3-grpcio, python3-grpc-tools, and the Go of its go.mod: ${lastLine(failed.reason)}`;
}

function lastLine(error: Error): string {
  const { stderr = "" } = error as { stderr?: string };
  return stderr.trim().split("\n").at(-1) || String(error);
}
