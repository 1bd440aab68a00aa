// Writes what the Python package needs of this repository into python/interlock/_data: descriptors of the authority's
// protos and of the policy options, and the closed list of reasons. Skips it when nothing has changed.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "python/interlock/_data");
const protos = ["interlock/authority/v1", "google/rpc", "grpc/health/v1"];

const inputs = createHash("sha256");
const sources = readdirSync(join(root, "protos"), { recursive: true })
  .filter((file) => file.endsWith(".proto"))
  .map((file) => join("protos", file))
  .sort();
for (const file of [...sources, "packages/bot/dist/base/reason.js"]) inputs.update(readFileSync(join(root, file)));
const digest = inputs.digest("hex");
const stamp = join(out, "inputs.txt");
if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) process.exit(0);

mkdirSync(out, { recursive: true });
build("authority.binpb", protos);
build("policy.binpb", ["interlock/policy/v1"]);
const { reasons } = await import("../packages/bot/dist/base/reason.js");
writeFileSync(join(out, "reasons.json"), `${JSON.stringify(reasons, undefined, 2)}\n`);
writeFileSync(stamp, digest);

function build(name, paths) {
  const buf = join(root, "node_modules/@bufbuild/buf/bin/buf");
  const only = paths.flatMap((path) => ["--path", `protos/${path}`]);
  execFileSync(process.execPath, [buf, "build", "--exclude-source-info", ...only, "-o", join(out, name)], {
    cwd: root,
  });
}
