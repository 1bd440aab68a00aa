import type {
  DeclaredMethod,
  Fleet,
  OpenPort,
  Project,
  Scan,
  ScanDifference,
  ScanIdentity,
  ScannedPort,
  Target,
} from "@interlock/audit";
import { certificatesToPem, InterlockError } from "@interlock/bot";
import { Command } from "commander";
import { writeReport } from "../audit/write-report.js";
import type { Session } from "../operator.js";
import { type Output, paint } from "../output.js";
import { parseCount, parseDuration } from "./options.js";

interface Options {
  readonly project?: readonly string[];
  readonly rate?: number;
  readonly timeout?: number;
  readonly anywhere?: boolean;
  readonly strangerOnly?: boolean;
  readonly out?: string;
}

/** `interlock scan`: which ports listen, and what an attacker would learn from each. */
export function scanCommand(output: Output): Command {
  return new Command("scan")
    .description("Find listening ports, and say what an attacker learns from each. It never starts a handler.")
    .argument("<target...>", "host, host:port, host:from-to, 10.0.0.0/28, 10.0.0.0/28:ports. Default: all ports")
    .option("--project <folder...>", "the folders with the proto files. Default: this one")
    .option("--rate <count>", "new connections a second. Default: 2000, and no limit on loopback", parseCount)
    .option("--timeout <duration>", "how long an answer is awaited. Default: 2s", parseTimeout)
    .option("--anywhere", "scan outside loopback and private ranges, too: only what is yours")
    .option("--stranger-only", "do not use the operator's identity of this project, nor ask the authority")
    .option("--out <file>", "also write the result as JSON, for --scan-file of other commands")
    .addHelpText("after", help)
    .action(async (texts: readonly string[], options: Options, command: Command) => {
      const { scan, project, inside } = await scanTargets(output, texts, options, command);
      const { compareScan } = await import("@interlock/audit");
      const differences = compareScan(scan, project, inside.fleet);
      if (options.out !== undefined) await writeReport(options.out, `${JSON.stringify(scan, undefined, 2)}\n`);
      output.result({ ok: true, scan, differences }, () => print(output, scan, differences));
    });
}

/** Scans targets, as a stranger and, where this project has one, with the identity of its operator. */
export async function scanTargets(output: Output, texts: readonly string[], options: Options, command: Command) {
  const { checkReach } = await import("@interlock/audit");
  const hosts = await checkReach(await parseTargets(texts, command), { anywhere: options.anywhere });
  const { readProjects } = await import("../audit/read-project.js");
  const project = await readProjects(options.project);
  const inside = options.strangerOnly ? {} : await askAuthority(output);
  return { scan: await runScan(output, { texts, hosts, options, project, ...inside }), project, inside };
}

const help = `
Where this project has an operator, a second pass with its certificate sees more, and what listens is compared with what
bots have reported.

Example:
  interlock scan 127.0.0.1
  interlock scan 10.0.0.0/28:50000-50100 --rate 200`;

/** A target that cannot be read is a fault of the command line. */
async function parseTargets(texts: readonly string[], command: Command): Promise<Target[]> {
  const { parseTarget } = await import("@interlock/audit");
  try {
    return texts.map(parseTarget);
  } catch (error) {
    return command.error(`error: ${InterlockError.from(error).message}`, { exitCode: 2 });
  }
}

/** What a project with an operator adds. */
interface Inside {
  readonly fleet?: Fleet;
  readonly identity?: ScanIdentity;
}

/** Reads the operator's identity and the fleet; what cannot be had is left out, with a line that says so. */
async function askAuthority(output: Output): Promise<Inside> {
  const [{ asMember }, { readFleet }] = await Promise.all([import("../operator.js"), import("../audit/read-fleet.js")]);
  let identity: ScanIdentity | undefined;
  try {
    return await asMember(async (session) => {
      identity = identityOf(session);
      return { identity, fleet: await readFleet(session) };
    });
  } catch (error) {
    const { message } = InterlockError.from(error);
    output.progress(`${identity ? "Not compared with the fleet" : "As a stranger only"}: ${message}`);
    return identity ? { identity } : {};
  }
}

function identityOf({ bot }: Session): ScanIdentity {
  const { privateKey, chain } = bot.identity.current();
  return {
    spiffeId: bot.spiffeId.uri,
    key: privateKey,
    chain: certificatesToPem(chain),
    ca: certificatesToPem(bot.trust.state.caCertificates),
  };
}

/** How often progress is said, in milliseconds. */
const progressMs = 1_000;

interface Work extends Inside {
  readonly texts: readonly string[];
  readonly hosts: Awaited<ReturnType<typeof import("@interlock/audit")["checkReach"]>>;
  readonly options: Options;
  readonly project: Project;
}

async function runScan(output: Output, { texts, hosts, options, project, fleet, identity }: Work): Promise<Scan> {
  const { discover, readListeners, scanPorts } = await import("@interlock/audit");
  let last = Date.now();
  let tried = "";
  let probed = 0;
  const say = () => {
    if (Date.now() - last < progressMs) return;
    last = Date.now();
    output.progress(`${tried}; ${probed} looked at`);
  };
  const ports = discover(hosts, {
    perSecond: options.rate,
    timeoutMs: options.timeout,
    onProgress({ done, total, open, silent }) {
      tried = `${done} of ${total} ports tried, ${open} listen, ${silent} without an answer`;
      say();
    },
  });
  return scanPorts(ports, {
    targets: texts,
    now: Date.now,
    timeoutMs: options.timeout,
    identity,
    methods: (port) => declaredMethods(project, fleet, port),
    listeners: (await readListeners()) ?? [],
    onProbed(count) {
      probed = count;
      say();
    },
  });
}

/**
 * The declared methods, those first whose services are reported at the port. Where a bot reports another kind of a method than
 * the project, as before an update, that method is left out: it may start with its headers.
 */
function declaredMethods({ services }: Project, fleet: Fleet | undefined, { port }: OpenPort): DeclaredMethod[] {
  const there = fleet?.processes.filter(({ addresses }) => addresses.some((each) => each.endsWith(`:${port}`)));
  const here = new Set(there?.flatMap((each) => each.services));
  const ordered = [...services].sort((a, b) => Number(here.has(b.name)) - Number(here.has(a.name)));
  const reported = [...(fleet?.manifests.values() ?? [])].flat().flatMap(({ methods }) => methods);
  const streams = new Set(reported.filter(({ kind }) => kind !== "unary").map(({ path }) => path));
  return ordered.flatMap(({ methods }) => methods.filter(({ path }) => !streams.has(path)));
}

function print(output: Output, { ports, startedAt, endedAt }: Scan, differences: readonly ScanDifference[]): void {
  for (const port of ports) {
    output.line(`${paint("bold", port.address)}${about(port)}`);
    for (const sentence of port.sentences) output.line(`  ${sentence}`);
  }
  for (const { kind, sentence } of differences)
    output.line(`${paint("yellow", kind.replaceAll("-", " "))} ${sentence}`);
  const connections = ports.reduce((sum, port) => sum + (port.connections ?? 0), 0);
  if (connections > 0)
    output.line(paint("dim", `Denials on these ports at this time, up to ${connections}, are the scan's own.`));
  const seconds = ((endedAt - startedAt) / 1_000).toFixed(1);
  output.line(paint("dim", `${ports.length} ${ports.length === 1 ? "port listens" : "ports listen"}; ${seconds} s.`));
}

function about({ process, ip }: ScannedPort): string {
  return `${ip === undefined ? "" : ` (${ip})`}${process === undefined ? "" : paint("dim", ` ${process.name}, pid ${process.pid}`)}`;
}

function parseTimeout(text: string): number {
  return Math.max(1, parseDuration(text));
}
