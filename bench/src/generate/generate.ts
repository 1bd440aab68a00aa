import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import type { Benchmark } from "../benchmark.js";
import { printTable } from "../print-table.js";
import { round } from "../statistics.js";
import { measurePeak, type Peak } from "./peak.js";
import { manyMessages, manyServices, type Protos, recursiveOneof, recursiveUse } from "./projects.js";
import { findDescriptors } from "./repeated-descriptors.js";

interface Row {
  readonly part: string;
  readonly seconds?: number;
  readonly megabytes?: number | undefined;
  readonly repeated?: number;
  /** The bound, for people. */
  readonly bound: string;
  readonly ok: boolean;
}

const parts = {
  generateOneof: "generate: a recursive oneof of 200 kinds",
  compileOneof: "tsc: a recursive oneof of 200 kinds",
  messages: "generate: 1,500 messages in one file",
  services: "generate: 100 services that share 500 messages",
} as const;

/** Time and memory of `interlock generate` and of tsc for what it writes. It judges: `ok` is false where a bound is missed. */
export const generation: Benchmark = {
  summary: "time and memory of generate, and of tsc, for large and recursive proto files",
  start({ progress }) {
    const rows: Row[] = [];
    return {
      parts: Object.values(parts),
      async measure(done) {
        await withProject(recursiveOneof(200), async (folder) => {
          progress(parts.generateOneof);
          rows.push(bounded(parts.generateOneof, await runGenerate(folder), { megabytes: 1_024 }));
          done(parts.generateOneof);
          progress(parts.compileOneof);
          rows.push(bounded(parts.compileOneof, await compile(folder), { seconds: 5, megabytes: 400 }));
          done(parts.compileOneof);
        });
        await withProject(manyMessages(1_500), async (folder) => {
          progress(parts.messages);
          rows.push(bounded(parts.messages, await runGenerate(folder), { megabytes: 1_024 }));
          done(parts.messages);
        });
        await withProject(manyServices(100), async (folder) => {
          progress(parts.services);
          const row = bounded(parts.services, await runGenerate(folder), { megabytes: 1_024 });
          const { repeated } = findDescriptors(join(folder, "gen"));
          const bound = `${row.bound}; no descriptor twice`;
          rows.push({ ...row, repeated, bound, ok: row.ok && repeated === 0 });
          done(parts.services);
        });
      },
      result: () => ({
        ok: rows.length === Object.keys(parts).length && rows.every(({ ok }) => ok),
        json: { benchmark: "generate", node: process.version, rows },
        text: print(rows),
      }),
    };
  },
};

function bounded(part: string, peak: Peak, bound: Partial<Record<"seconds" | "megabytes", number>>): Row {
  const { seconds = Number.POSITIVE_INFINITY, megabytes } = bound;
  const ok = peak.seconds <= seconds && (peak.megabytes ?? 0) <= (megabytes ?? Number.POSITIVE_INFINITY);
  const texts = [bound.seconds && `${bound.seconds} s`, megabytes && `${megabytes} MB`].filter(Boolean);
  return {
    part,
    seconds: round(peak.seconds, 1),
    megabytes: peak.megabytes && Math.round(peak.megabytes),
    bound: texts.join(", "),
    ok,
  };
}

function print(rows: readonly Row[]): string {
  const cells = rows.map(({ part, seconds, megabytes, bound, ok }) => [
    part,
    seconds?.toFixed(1) ?? "",
    megabytes?.toFixed(0) ?? "",
    bound,
    ok ? "ok" : "missed",
  ]);
  return `generate: peak memory of all processes together\n\n${printTable([["", "s", "MB", "bound", "verdict"], ...cells])}`;
}

const require = createRequire(import.meta.url);

/** A project in a temporary folder, with the packages that generated code imports. */
async function withProject(protos: Protos, use: (folder: string) => Promise<void>): Promise<void> {
  const { path: folder, remove } = makeTemporaryFolder("generate");
  try {
    const policy = dirname(dirname(require.resolve("@interlock/policy")));
    const installed = join(folder, "node_modules/@interlock/policy");
    mkdirSync(join(folder, "node_modules/@bufbuild"), { recursive: true });
    for (const part of ["package.json", "dist", "protos"]) {
      cpSync(join(policy, part), join(installed, part), { recursive: true, dereference: true });
    }
    // Two folders above its entry, dist/cjs/index.js.
    const protobuf = join(dirname(require.resolve("@bufbuild/protobuf")), "../..");
    symlinkSync(protobuf, join(folder, "node_modules/@bufbuild/protobuf"));
    mkdirSync(join(folder, "protos"));
    for (const [name, text] of Object.entries(protos)) writeFileSync(join(folder, "protos", name), text);
    await use(folder);
  } finally {
    remove();
  }
}

function runGenerate(folder: string): Promise<Peak> {
  return measurePeak(folder, [fileURLToPath(new URL("./generate-process.js", import.meta.url))]);
}

function compile(folder: string): Promise<Peak> {
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    strict: true,
    noEmit: true,
    types: [],
  };
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
  writeFileSync(join(folder, "use.ts"), recursiveUse);
  return measurePeak(folder, [join(dirname(require.resolve("typescript/package.json")), "bin/tsc"), "-p", "."]);
}
