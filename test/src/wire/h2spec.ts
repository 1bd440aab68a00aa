import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { answering, serve } from "@interlock/wire/testing";
import { root } from "../structure/source-graph.js";

const help = `Usage: npm run h2spec -- [options]

Holds a server of @interlock/wire against RFC 9113 and RFC 7541, by h2spec, which is built with Go from the module proxy.

Options:
  --json    print one JSON object
  --help    print this

Exit code: 0 when all tests pass, or this machine has no Go.
`;

/** The newest that the module proxy has: the later tags of h2spec are no valid versions of a module. */
const version = "v2.2.1+incompatible";
const expected = 145;

const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({ options: { json: flag, help: flag } });
const execute = promisify(execFile);
if (values.help) process.stdout.write(help);
else process.exit((await run()) ? 0 : 1);

async function run(): Promise<boolean> {
  const program = await build();
  if (!program) {
    const reason = "npm run h2spec needs Go, and its modules";
    process.stdout.write(values.json ? `${JSON.stringify({ skipped: reason })}\n` : `skipped: ${reason}.\n`);
    return true;
  }
  const server = await serve(answering(Buffer.from("hello")));
  const folder = await mkdtemp(join(tmpdir(), "interlock-h2spec-"));
  const report = join(folder, "report.xml");
  const args = ["--host", "127.0.0.1", "--port", String(server.port), "--timeout", "3", "--junit-report", report];
  // It exits with 1 when a test fails, and the report says which.
  await execute(program, args, { maxBuffer: 16 * 1_024 * 1_024 }).catch(() => {});
  const { tests, failures } = read(await readFile(report, "utf8"));
  await rm(folder, { recursive: true });
  await server.close();
  const ok = failures.length === 0 && tests === expected;
  if (values.json) process.stdout.write(`${JSON.stringify({ ok, tests, expected, failures, version })}\n`);
  else {
    const line = `${ok ? "✔" : "✘"} h2spec: ${tests - failures.length} of ${expected} tests passed`;
    process.stdout.write(`${[line, ...failures].join("\n  ")}\n`);
  }
  return ok;
}

/** Builds h2spec, once for each version. Gives the program, or nothing where this machine cannot. */
async function build(): Promise<string | undefined> {
  const folder = join(root, "node_modules/.cache/interlock", `h2spec-${version}`);
  const program = join(folder, process.platform === "win32" ? "h2spec.exe" : "h2spec");
  if (existsSync(program)) return program;
  await mkdir(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder };
  try {
    await execute("go", ["install", `github.com/summerwind/h2spec/cmd/h2spec@${version}`], { env });
  } catch (error) {
    process.stderr.write(`${(error as { stderr?: string }).stderr || error}\n`);
    return undefined;
  }
  return program;
}

/** The tests of a report in the form of JUnit. */
function read(report: string): { tests: number; failures: string[] } {
  const cases = report.match(/<testcase\b[^>]*?(?:\/>|>[\s\S]*?<\/testcase>)/g) ?? [];
  const failures = cases
    .filter((one) => /<(failure|error|skipped)\b/.test(one))
    .map((one) => {
      const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(one)?.[1] ?? "";
      return `${attribute("package")}: ${attribute("classname")}`;
    });
  return { tests: cases.length, failures };
}
