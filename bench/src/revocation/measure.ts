import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import type { AuthorityAnswer, AuthorityAsk } from "../authority-process.js";
import type { FleetAnswer, FleetAsk, StreamEnd } from "../fleet-process.js";
import { type Forked, forkProcess } from "../forked.js";
import { WatchService } from "../gen/interlock/bench/v1/watch_interlock.js";
import { monotonicMs } from "../monotonic-ms.js";
import { type Delays, summarize } from "./delays.js";

/** What is measured once. */
export interface Trial {
  readonly bots: number;
  /** How many of them are locked out one by one, before the rest is by one pattern. */
  readonly revocations: number;
  /** A PostgreSQL database that two authorities share: one locks, the bots are attached to the other. */
  readonly store?: string;
  readonly profileFolder?: string;
  readonly progress: (line: string) => void;
}

/** What came out. */
export interface TrialResult {
  /** Of bots locked out one by one. */
  readonly single: Delays;
  /** Of all that were left, locked out by one pattern. */
  readonly pattern: Delays;
}

type AuthorityProcess = Forked<AuthorityAsk, AuthorityAnswer>;
type FleetProcess = Forked<FleetAsk, FleetAnswer, StreamEnd>;

const fleetProcesses = 4;
const limitMs = 30_000;

const grants = `grants:
  "bot/*":
    ${WatchService.name}: [watch:open]
`;

/** Starts a fleet of that many bots, each with an open stream, and ends the streams by locking the bots out. */
export async function measureRevocation(trial: Trial): Promise<TrialResult> {
  const folder = mkdtempSync(join(tmpdir(), "interlock-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const cleanUp: (() => Promise<unknown>)[] = [];
  try {
    const first = await startAuthorityProcess("authority-1", folder, trial, cleanUp);
    const second = trial.store ? await startAuthorityProcess("authority-2", folder, trial, cleanUp) : first;
    await first.process.ask({ do: "apply", grants });
    const operator = await joinAsOperator(first, join(folder, "operator"));
    cleanUp.push(() => operator.close(0));
    const ends = watchEnds();
    const fleet = await startFleet(trial, second.address, operator, first.address, folder, ends.hear, cleanUp);
    return await lockOut(trial, operator, first.address, fleet, ends);
  } finally {
    for (const end of cleanUp.reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface RunningAuthority {
  readonly process: AuthorityProcess;
  readonly address: string;
}

async function startAuthorityProcess(
  name: string,
  folder: string,
  { store, profileFolder }: Trial,
  cleanUp: (() => Promise<unknown>)[],
): Promise<RunningAuthority> {
  const url = new URL("../authority-process.js", import.meta.url);
  const child: AuthorityProcess = forkProcess(url, name, profileFolder);
  cleanUp.push(child.stop);
  const place =
    store === undefined ? { dataDir: join(folder, name) } : { store, keyPassphrase: "a passphrase for a benchmark" };
  const { address = "" } = await child.ask({ do: "start", options: { trustDomain: "bench", port: 0, ...place } });
  return { process: child, address };
}

async function joinAsOperator({ process: authority, address }: RunningAuthority, stateDir: string): Promise<Bot> {
  const name = "operator/bench";
  const { joinToken } = await authority.ask({ do: "invite", name });
  return joinFleet({ authority: address, name, joinToken, stateDir, log: silentLog });
}

async function startFleet(
  { bots, profileFolder, progress }: Trial,
  authority: string,
  operator: Bot,
  admin: string,
  folder: string,
  hear: (end: StreamEnd) => void,
  cleanUp: (() => Promise<unknown>)[],
): Promise<readonly FleetProcess[]> {
  const client = operator.client(AdminService, admin);
  const stateDir = join(folder, "bots");
  const invite = async (name: string, uses: number) => {
    const { joinToken } = await client.createJoinToken({ name, uses });
    return { authority, joinToken, stateDir };
  };
  const fleet = Array.from({ length: fleetProcesses }, (_, i): FleetProcess => {
    const url = new URL("../fleet-process.js", import.meta.url);
    const child: FleetProcess = forkProcess(url, `fleet-${i + 1}`, profileFolder);
    cleanUp.push(child.stop);
    child.onEvent(hear);
    return child;
  });
  progress(`${bots} bots join`);
  const served = await invite("server/*", fleetProcesses);
  const servers = await Promise.all(
    fleet.map((child, i) => child.ask({ do: "serve", name: `server/${i}`, ...served })),
  );
  const member = await invite("bot/*", bots);
  const names = Array.from({ length: bots }, (_, i) => `bot/${i}`);
  await Promise.all(
    fleet.map((child, i) =>
      child.ask({ do: "join", names: names.filter((_, bot) => bot % fleetProcesses === i), ...member }),
    ),
  );
  progress("each opens a stream to a bot of another process");
  await Promise.all(
    fleet.map((child, i) => child.ask({ do: "open", address: servers[(i + 1) % fleetProcesses]?.address ?? "" })),
  );
  return fleet;
}

async function lockOut(
  { bots, revocations, progress }: Trial,
  operator: Bot,
  address: string,
  fleet: readonly FleetProcess[],
  ends: Ends,
): Promise<TrialResult> {
  const admin = operator.client(AdminService, address);
  const uri = (name: string) => operator.spiffeId.uri.replace(operator.name, name);
  const revoke = async (subject: Parameters<typeof admin.revoke>[0]["subject"]) => {
    const { trustVersion } = await admin.revoke({ subject, reason: "benchmark" });
    return { returned: monotonicMs(), trustVersion };
  };
  progress(`${revocations} are locked out one by one`);
  const single = [];
  for (let bot = 0; bot < revocations; bot++) {
    const name = `bot/${bot}`;
    const { returned, trustVersion } = await revoke({ $case: "identity", value: uri(name) });
    single.push(...(await ends.of([name], returned)));
    // All bots share this machine: what is measured is one revocation, not how many fit into a second.
    await Promise.all(fleet.map((child) => child.ask({ do: "reach", version: trustVersion })));
  }
  progress("and the rest by one pattern");
  const rest = Array.from({ length: bots - revocations }, (_, i) => `bot/${revocations + i}`);
  const { returned } = await revoke({ $case: "pattern", value: "bot/*" });
  return { single: summarize(single), pattern: summarize(await ends.of(rest, returned)) };
}

/** A stream's end, and how long after the call had returned it came; less than 0 where it was faster. */
export interface TimedEnd {
  readonly code: string;
  readonly delayMs: number;
}

interface Ends {
  readonly hear: (end: StreamEnd) => void;
  /** Waits until the streams of these bots have ended. */
  of(names: readonly string[], returned: number): Promise<TimedEnd[]>;
}

function watchEnds(): Ends {
  const heard = new Map<string, StreamEnd>();
  let wake = () => {};
  return {
    hear(end) {
      heard.set(end.name, end);
      wake();
    },
    async of(names, returned) {
      const missing = new Set(names);
      const deadline = setTimeout(() => wake(), limitMs);
      for (;;) {
        for (const name of missing) if (heard.has(name)) missing.delete(name);
        if (missing.size === 0) break;
        if (monotonicMs() - returned > limitMs) throw new Error(`${missing.size} streams live on after ${limitMs} ms`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      clearTimeout(deadline);
      return names.map((name) => {
        const { code, at } = heard.get(name) as StreamEnd;
        return { code, delayMs: at - returned };
      });
    },
  };
}
