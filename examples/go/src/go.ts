import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run } from "./processes.js";

const require = createRequire(import.meta.url);

/** The folder of this example. */
export const example = join(import.meta.dirname, "..");

/** The program that {@link buildGo} builds. */
export const tank = join(example, "dist", process.platform === "win32" ? "tank.exe" : "tank");

/** What the bot is built from and with, as Go names it. */
const modules = [
  "golang.org/x/time/rate",
  "google.golang.org/grpc",
  "google.golang.org/grpc/cmd/protoc-gen-go-grpc",
  "google.golang.org/protobuf/cmd/protoc-gen-go",
];

/** Returns why this machine cannot build the Go bot; `undefined` if it can. */
export async function missingGo(): Promise<string | undefined> {
  try {
    await run(["go", "list", "-deps", ...modules], example);
    return undefined;
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    return `examples/go needs the Go of its go.mod, and the modules named there: ${stderr.trim().split("\n").at(-1) || error}`;
  }
}

/** Generates the Go code of the proto files, checks everything with `go vet`, and builds the bot. */
export async function buildGo(): Promise<void> {
  const buf = join(dirname(require.resolve("@bufbuild/buf/package.json")), "bin/buf");
  const paths = ["../../protos/interlock/authority", "../../protos/interlock/policy", "protos/plant"];
  await run([process.execPath, buf, "generate", "../..", ...paths.flatMap((path) => ["--path", path])], example);
  await run(["go", "vet", "./..."], example);
  await run(["go", "build", "-o", tank, "."], example);
}
