// Mutation testing: node scripts/run.mjs mutate [--json] [group | group/file …]
// Changes the code that decides about certificates, tokens, policies and trust, one place at a time; a test must fail for
// each change. A survivor is explained in docs/mutation.md, or is a defect of the tests.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";

const root = fileURLToPath(new URL("..", import.meta.url));
const enough = 90;

/**
 * The deciding files, and the tests that run for each change: only those of the same folder, because a mutant that is
 * active while a file is loaded needs a new process and all tests. A test fails after `waitMs`: where many changes leave a
 * test waiting for an event, a short time saves minutes. Default: 20 s.
 */
const groups = {
  policy: { package: "policy", folder: ".", mutate: ["spiffe-id", "identity-pattern", "scope", "check-service"] },
  identity: {
    package: "bot",
    folder: "identity",
    mutate: [
      ...["certificate", "check-certificate", "check-issuers", "der", "join-token", "key-pair", "prove-chain"],
      ...["rsa-key", "strength", "write-der"],
    ],
    tests: [
      ...["certificate", "check-issuers", "der", "join-token", "key-pair", "oracle", "properties", "prove-chain"],
      "strength",
    ],
  },
  peer: {
    package: "bot",
    folder: "identity",
    mutate: ["verify-peer", "vouch"],
    tests: ["verify-peer", "vouch"],
  },
  token: {
    package: "bot",
    folder: "token",
    mutate: [
      ...["actors", "authorization", "base64url", "read-header", "reference", "token-fault", "token-rules"],
      ...["verify-known", "verify-token"],
    ],
  },
  trust: {
    package: "bot",
    folder: "trust",
    mutate: ["apply-update", "cooled-down", "cut-offs", "revocation-index", "staleness", "trust"],
  },
  admission: {
    package: "bot",
    folder: "admission",
    mutate: ["authenticate", "authorize", "identify", "limit-rate", "limit-flood", "bearer-fault", "shown-token"],
    // The other tests need servers.
    tests: [
      "authenticate",
      "authorization",
      "authorize",
      "chain",
      "delegation",
      "limit-flood",
      "limit-rate",
      "shown-token",
      "token",
    ],
  },
  limiter: { package: "bot", folder: "base", mutate: ["rate-limiter"], tests: ["rate-limiter"] },
  csr: {
    package: "authority",
    folder: "ca",
    mutate: ["check-csr", "name-constraints"],
    tests: ["check-csr", "name-constraints"],
  },
  enrollment: {
    package: "authority",
    folder: "enrollment",
    mutate: ["join-limits", "lineage"],
    tests: ["join-limits", "lineage"], // The other tests need a store.
  },
  grants: {
    package: "policy",
    folder: "grants",
    mutate: ["parse-grants", "grants", "grants-error"],
    tests: ["parse-grants", "grants", "lint-grants"], // The properties take too long to run for every mutant.
  },
  "cut-offs": { package: "authority", folder: "grants", mutate: ["cut-offs"], tests: ["cut-offs"] },
  delegations: {
    package: "authority",
    folder: "delegations",
    mutate: ["allowed", "check-delegate"],
    tests: ["allowed", "check-delegate"], // The other tests need a store.
  },
  "token-limits": {
    package: "bot",
    folder: "token",
    mutate: ["narrowed-scope", "read-delegation"],
    tests: ["read-delegation"],
  },
  revocations: { package: "authority", folder: "revocations", mutate: ["check-subject"] },
  frame: { package: "wire", folder: "frame", mutate: ["frame", "frame-reader"] },
  headers: { package: "wire", folder: "headers", mutate: ["header-block", "header-rules"] },
  "wire-limits": { package: "wire", folder: "limits", mutate: ["budget", "flow-control", "limits"] },
  send: { package: "wire", folder: "send", mutate: ["frame-writer", "output", "sender"] },
  hpack: {
    package: "wire",
    folder: "hpack",
    mutate: ["decoder", "dynamic-table", "encoder", "huffman", "integer", "searchable-table", "string-literal"],
    tests: ["decoder", "dynamic-table", "encoder", "huffman", "integer", "vectors"], // The others take seconds.
  },
  grpc: {
    package: "wire",
    folder: "grpc",
    mutate: [
      ...["binary-metadata", "content-type", "encoding", "message-prefix", "message-reader", "metadata-rules"],
      ...["status", "status-message", "timeout"],
    ],
  },
  receive: {
    package: "wire",
    folder: "receive",
    mutate: [
      ...["block", "data", "goaway", "headers", "ping", "priority", "receive-frame", "rst-stream", "settings"],
      "window-update",
    ],
    tests: ["costs", "receive", "../session/ending", "../session/handlers"],
    waitMs: 2_000,
  },
  session: {
    package: "wire",
    folder: "session",
    mutate: ["ending", "patience", "pings", "session", "stream-table", "streams", "turns"],
    waitMs: 2_000,
  },
};

const [json, names] = [process.argv.includes("--json"), process.argv.slice(2).filter((arg) => !arg.startsWith("--"))];
const unknown = names.find((name) => filesOf(name).length === 0);
if (unknown) {
  process.stderr.write(`There is no group or file "${unknown}"; there are: ${Object.keys(groups).join(", ")}.\n`);
  process.exit(2);
}
const began = performance.now();
const found = [];
for (const name of names.length > 0 ? names : Object.keys(groups)) found.push(...(await mutate(name)));
report(found);

/** The files of a group, or the one of `group/file`; none where there is no such group or file. */
function filesOf(name) {
  const [group, only] = name.split("/");
  if (!Object.hasOwn(groups, group)) return [];
  return groups[group].mutate.filter((file) => only === undefined || file === only);
}

async function mutate(name) {
  const { package: inPackage, folder, tests, waitMs = 20_000 } = groups[name.split("/")[0]];
  process.chdir(join(root, "packages", inPackage));
  const files = filesOf(name).map((file) => join("dist", folder, `${file}.js`));
  const all = () => readdirSync(join("dist", folder)).filter((file) => file.endsWith(".test.js"));
  const spec = (tests?.map((test) => `${test}.test.js`) ?? all()).map((file) => join("dist", folder, file));
  const missing = [...files, ...spec].filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`packages/${inPackage} has no ${missing.join(", ")}; fix scripts/mutate.mjs`);
  const stryker = new Stryker({
    mutate: files,
    mochaSpec: spec,
    mochaTimeout: waitMs,
    testRunner: "mocha-12",
    plugins: [join(root, "scripts/stryker-mocha.mjs")],
    coverageAnalysis: "perTest",
    concurrency: Number(process.env.MUTATE_CONCURRENCY ?? 1),
    timeoutMS: 15_000,
    reporters: json ? [] : ["dots"],
    logLevel: "error",
    tsconfigFile: "none", // Compiled code is mutated: it is the source without its types.
    tempDirName: ".stryker-tmp",
  });
  return (await stryker.runMutationTest()).map((mutant) => ({ ...mutant, package: inPackage }));
}

function report(mutants) {
  const counted = mutants.filter(({ status }) => status !== "Ignored" && status !== "CompileError");
  const killed = counted.filter(
    ({ status }) => status === "Killed" || status === "Timeout" || status === "RuntimeError",
  );
  const survivors = counted.filter((mutant) => !killed.includes(mutant)).map(describe);
  const score = Math.round((killed.length / counted.length) * 1_000) / 10;
  const ok = score >= enough;
  const seconds = Math.round((performance.now() - began) / 1_000);
  const result = { ok, score, mutants: counted.length, killed: killed.length, seconds, survivors };
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    process.stdout.write("\n");
    for (const { file, line, mutator, was, is, status } of survivors) {
      process.stdout.write(`${file}:${line} ${mutator} (${status})\n  - ${was}\n  + ${is}\n`);
    }
    process.stdout.write(`${killed.length} of ${counted.length} mutants were killed: ${score} %, in ${seconds} s\n`);
  }
  process.exitCode = ok ? 0 : 1;
}

function describe({ package: inPackage, fileName, location: { start, end }, mutatorName, replacement = "", status }) {
  const file = `packages/${inPackage}/dist/${fileName.split("/dist/").at(-1)}`;
  const lines = readFileSync(join(root, file), "utf8")
    .split("\n")
    .slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  const was = lines.join(" ").slice(start.column - 1);
  const text = (given) => given.replaceAll(/\s+/g, " ").slice(0, 120);
  return { file, line: start.line, mutator: mutatorName, was: text(was), is: text(replacement), status };
}
