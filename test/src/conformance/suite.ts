import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Exception, exceptionFor, type Mode } from "./exceptions.js";

/** The version of connectrpc/conformance. */
export const suiteVersion = "v1.0.7";

/** The Go package of its runner. */
export const suitePackage = "connectrpc.com/conformance/cmd/connectconformance";

/**
 * What is tested. Without TLS, because the suite's certificates hold no SPIFFE ID, and no bot lets them in: the relays of
 * `relays.ts` put mutual TLS between. And because the suite's client and server over grpc-go take part only then.
 */
const grpcConfig = `features:
  versions: [HTTP_VERSION_2]
  protocols: [PROTOCOL_GRPC]
  codecs: [CODEC_PROTO]
  compressions: [COMPRESSION_IDENTITY, COMPRESSION_GZIP]
  supportsH2c: true
  supportsTls: false
  supportsMessageReceiveLimit: true
`;

/** The Connect protocol, as the gateway has it: HTTP/1.1, calls with one request. */
const connectConfig = `features:
  versions: [HTTP_VERSION_1]
  protocols: [PROTOCOL_CONNECT]
  codecs: [CODEC_PROTO, CODEC_JSON]
  compressions: [COMPRESSION_IDENTITY, COMPRESSION_GZIP]
  streamTypes: [STREAM_TYPE_UNARY, STREAM_TYPE_SERVER_STREAM]
  supportsH2c: false
  supportsTls: false
  supportsConnectGet: true
  supportsMessageReceiveLimit: true
`;

/** How many cases there are in each mode; fewer would mean that something was not run. */
const expected: Readonly<Record<Mode, number>> = { server: 374, client: 409, gateway: 292 };

/** A case that has failed. */
export interface Failure {
  readonly name: string;
  /** What the suite says about it. */
  readonly text: string;
  /** Where the specification says otherwise. */
  readonly exception: Exception | undefined;
}

/** The outcome of one mode. */
export interface SuiteResult {
  readonly mode: Mode;
  readonly cases: number;
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** What kept the suite from running as a whole. */
  readonly problem: string | undefined;
}

/** Has the suite test the server, the client or the gateway that `server.ts`, `client.ts` and `gateway.ts` are. */
export async function runSuite(
  runner: string,
  mode: Mode,
  only: string[] = [],
  isThroughGateway = false,
): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-conformance-"));
  try {
    const conf = join(folder, "config.yaml");
    await writeFile(conf, mode === "gateway" ? connectConfig : grpcConfig);
    const program = join(import.meta.dirname, `${mode}.js`);
    const run = async (patterns: readonly string[], more: readonly string[] = []) => {
      const named = patterns.flatMap((pattern) => ["--run", pattern]);
      const args = [
        "--mode",
        mode === "client" ? "client" : "server",
        "--conf",
        conf,
        ...named,
        ...more,
        "--",
        process.execPath,
        program,
      ];
      return readOutput(mode, await outputOf(runner, args, isThroughGateway), patterns.length > 0);
    };
    const result = await run(only);
    const late = result.failures.filter(isLate).map(({ name }) => name);
    if (late.length === 0 || mode === "client") return result;
    return withAgain(result, late, await run(late, ["--parallel", "1"]));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Whether a case has failed only by the time that the machine took: the suite allows 500 ms between the timeout that its client was
 * given and the one that the server sees. Such a case is made again, by itself.
 */
function isLate({ text }: Failure): boolean {
  return text.split("\n").every((line) => line.startsWith("server echoed back a timeout ("));
}

/** A result with what came of its late cases the second time. */
function withAgain(result: SuiteResult, late: readonly string[], again: SuiteResult): SuiteResult {
  const others = result.failures.filter(({ name }) => !late.includes(name));
  const passed = result.passed + late.length - again.failures.length;
  return { ...result, passed, failures: [...others, ...again.failures], problem: result.problem ?? again.problem };
}

function outputOf(program: string, args: string[], isThroughGateway: boolean): Promise<string> {
  return new Promise((resolve) => {
    const env = { ...process.env, INTERLOCK_CONFORMANCE_GATEWAY: isThroughGateway ? "1" : "0" };
    const options = { maxBuffer: 64 * 1_024 * 1_024, timeout: 300_000, env };
    execFile(program, args, options, (_error, stdout, stderr) => resolve(`${stdout}\n${stderr}`));
  });
}

/** What the output of the suite says. With `isPart`, not all cases were asked for. */
export function readOutput(mode: Mode, output: string, isPart = false): SuiteResult {
  const failures = [...output.matchAll(/^FAILED: (.*?):?\n((?:\t.*\n)*)/gm)].map(([, name = "", lines = ""]) => {
    const text = lines.replace(/^\t/gm, "").trim();
    return { name, text, exception: exceptionFor(mode, name, text) };
  });
  const [, cases, passed, failed] = /^Total cases: (\d+)\n(\d+) passed, (\d+) failed$/m.exec(output) ?? [];
  const result = { mode, cases: Number(cases ?? 0), passed: Number(passed ?? 0), failures };
  let problem: string | undefined;
  if (cases === undefined) problem = output.trim().split("\n").slice(-5).join("; ") || "the suite said nothing";
  else if (/could not be run/.test(output)) problem = /Another \d+ could not be run.*/.exec(output)?.[0];
  else if (Number(failed) !== failures.length) problem = `${failed} cases failed, and ${failures.length} were listed`;
  else if (!isPart && result.cases !== expected[mode]) problem = `${cases} cases in place of ${expected[mode]}`;
  return { ...result, problem };
}
