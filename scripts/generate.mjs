// Generates the code of this workspace from its proto files, with the same `generate` that users have. Skips packages that
// are up to date; --force generates all.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GenerateError, generate } from "../packages/protoc-gen-interlock/dist/index.js";
import { copyProtos } from "./copy-protos.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

const jobs = [
  {
    workspace: ".",
    protos: "protos",
    paths: ["interlock/authority", "google/rpc", "grpc/health"],
    out: "packages/bot/src/gen",
  },
  { workspace: ".", protos: "protos", paths: ["interlock/swarm"], out: "packages/swarm/src/gen" },
  {
    workspace: ".",
    protos: "protos",
    paths: ["interlock/gateway", "envoy/service/auth"],
    out: "packages/gateway/src/gen",
  },
  {
    workspace: ".",
    protos: "protos",
    paths: ["spiffe/workload", "envoy/service/secret"],
    out: "packages/spiffe/src/gen",
  },
  ...readdirSync(join(root, "examples")).map((name) => ({
    workspace: `examples/${name}`,
    protos: "protos",
    out: "src/gen",
  })),
  { workspace: "test", protos: "protos", out: "src/gen" },
  { workspace: "bench", protos: "protos", out: "src/gen" },
];

copyProtos();
for (const job of jobs.filter(hasProtos)) {
  const name = join(job.workspace, job.out);
  const stamp = join(root, name, ".inputs");
  const inputs = digest(job);
  if (!process.argv.includes("--force") && existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) {
    console.log(`${name}: up to date`);
    continue;
  }
  const start = performance.now();
  try {
    // Some examples show that methods past their sunset are refused.
    const { manifest } = await generate({ ...job, workspace: join(root, job.workspace), allowPast: true });
    writeFileSync(stamp, inputs);
    const methods = manifest.services.flatMap((service) => service.methods);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${name}: ${manifest.services.length} services, ${methods.length} methods, ${seconds} s`);
  } catch (error) {
    if (!(error instanceof GenerateError)) throw error;
    console.error(`${name}: nothing generated\n${error.message}`);
    process.exitCode = 1;
  }
}

function hasProtos({ workspace, protos, paths = [""] }) {
  return paths.every((path) => filesIn(join(workspace, protos, path)).some((file) => file.endsWith(".proto")));
}

/** Hashes all inputs of the output: proto files, the generator and the versions of its tools. */
function digest(job) {
  const protos = [
    ...["buf.yaml", "policies.yaml"].map((name) => join(job.workspace, name)),
    ...filesIn(join(job.workspace, job.protos)),
    ...filesIn("protos"),
  ];
  const generator = ["policy", "protoc-gen-interlock"].flatMap((name) => filesIn(`packages/${name}/dist`));
  const hash = createHash("sha256").update(JSON.stringify(job));
  for (const file of [
    ...protos,
    ...generator.filter((name) => /(?<!\.test)\.js$/.test(name)),
    "pnpm-lock.yaml",
  ].sort()) {
    if (existsSync(join(root, file))) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

function filesIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}
