import { parseArgs } from "node:util";
import { exceptions } from "./exceptions.js";
import { installGo } from "./go-program.js";
import { type InteropResult, runInterop } from "./interop/run-interop.js";
import { runSuite, type SuiteResult, suitePackage, suiteVersion } from "./suite.js";

const help = `Usage: npm run conformance -- [options]

Holds our server, our client and the gateway's Connect port against connectrpc/conformance, and our server and client against grpc-go
and grpcio in the named cases of gRPC's interoperability tests, over mutual TLS and with tokens of an authority. Builds what it needs with Go, from the module proxy.

Options:
  --only <part>     "server", "client", "gateway" or "interop"; all by default
  --via-gateway     with a gateway between the suite and our server, or between our client and the suite
  --run <pattern>   only the cases of connectrpc/conformance with that name, for example "Timeouts/**"; may be repeated
  --json            print one JSON object
  --help            print this

Exit code: 0 when all cases pass but for the listed exceptions, or this machine has no Go.
`;

const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    run: { type: "string", multiple: true },
    json: flag,
    "via-gateway": flag,
    help: flag,
  },
});
const write = (line: string) => void process.stdout.write(`${line}\n`);
if (values.help) process.stdout.write(help);
else if (values.only !== undefined && !["server", "client", "gateway", "interop"].includes(values.only)) {
  process.stderr.write(help);
  process.exit(2);
} else process.exit((await run()) ? 0 : 1);

async function run(): Promise<boolean> {
  const { only, json, "via-gateway": isThroughGateway } = values;
  const runner = only === "interop" ? undefined : await installGo(suitePackage, suiteVersion);
  if (runner && "missing" in runner) {
    const reason = `npm run conformance needs Go, and its modules: ${runner.missing}`;
    write(json ? JSON.stringify({ skipped: reason }) : `skipped: ${reason}.`);
    return true;
  }
  const suite: SuiteResult[] = [];
  for (const mode of ["server", "client", "gateway"] as const) {
    if (!runner || (only !== undefined && only !== mode)) continue;
    suite.push(await runSuite(runner.path, mode, values.run, isThroughGateway));
    if (!json) printSuite(suite.at(-1) as SuiteResult);
  }
  const interop = only === undefined || only === "interop" ? await runInterop() : [];
  if (!json) for (const result of interop) printInterop(result);
  const unmet = values.run ? [] : unmetExceptions(suite);
  const ok = suite.every(suiteOk) && interop.every(({ failures }) => failures.length === 0) && unmet.length === 0;
  if (json) write(JSON.stringify({ ok, version: suiteVersion, suite: suite.map(forJson), interop, unmet }));
  else {
    printSentences(suite);
    for (const line of unmet) write(`✘ ${line}`);
  }
  return ok;
}

/** The exceptions that no case has met: their lines have to go. */
function unmetExceptions(suite: readonly SuiteResult[]): string[] {
  const met = new Set(suite.flatMap(({ failures }) => failures.map(({ exception }) => exception)));
  return exceptions
    .filter((one) => suite.some(({ mode }) => mode === one.mode) && !met.has(one))
    .map(({ mode, cases }) => `listed as an exception, and no case of our ${mode} meets it: ${cases.source}`);
}

function suiteOk({ failures, problem }: SuiteResult): boolean {
  return problem === undefined && failures.every(({ exception }) => exception);
}

function printSuite(result: SuiteResult): void {
  const { mode, cases, passed, failures, problem } = result;
  const excepted = failures.filter(({ exception }) => exception).length;
  const more = excepted > 0 ? `, ${excepted} listed below` : "";
  write(`${suiteOk(result) ? "✔" : "✘"} our ${mode}, connectrpc/conformance: ${passed} of ${cases} cases pass${more}`);
  if (problem !== undefined) write(`  ${problem}`);
  for (const { name, text, exception } of failures) {
    if (!exception) write(`  ✘ ${name}\n      ${text.replaceAll("\n", "\n      ")}`);
  }
}

function printInterop({ peer, as, isThroughGateway, cases, failures, skipped }: InteropResult): void {
  const between = isThroughGateway ? ", gateway between" : "";
  const sides = (as === "client" ? `our server, client of ${peer}` : `our client, server of ${peer}`) + between;
  if (skipped !== undefined) {
    write(`- ${sides}: skipped: ${skipped}`);
    return;
  }
  write(`${failures.length === 0 ? "✔" : "✘"} ${sides}: ${cases - failures.length} of ${cases} interop cases pass`);
  for (const { name, text } of failures) write(`  ✘ ${name}\n      ${text}`);
}

/** Prints the exceptions that were met. */
function printSentences(suite: readonly SuiteResult[]): void {
  const met = suite.flatMap(({ failures }) => failures);
  for (const exception of exceptions) {
    const names = met.filter((failure) => failure.exception === exception).map(({ name }) => name);
    if (names.length === 0) continue;
    const { sentence, source, because } = exception;
    write(`\n"${sentence}" (${source})\n${because}\n${names.map((name) => `  ${name}`).join("\n")}`);
  }
}

function forJson(result: SuiteResult) {
  const { mode, cases, passed, failures, problem } = result;
  const failed = failures.filter(({ exception }) => !exception).map(({ name, text }) => ({ name, text }));
  const excepted = failures.flatMap(({ name, text, exception }) =>
    exception ? [{ name, text, sentence: exception.sentence, source: exception.source }] : [],
  );
  return { mode, ok: suiteOk(result), cases, passed, failed, excepted, problem };
}
