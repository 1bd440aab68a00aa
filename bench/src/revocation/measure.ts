import { join } from "node:path";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { type Forked, forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import type { AuthorityAnswer, AuthorityAsk } from "../authority-process.js";
import type { FleetAnswer, FleetAsk, StreamEnd } from "../fleet-process.js";
import { WatchService } from "../gen/interlock/bench/v1/watch_interlock.js";
import { monotonicMs } from "../monotonic-ms.js";
import { type Delays, summarize } from "./delays.js";
import type { TimedEnd } from "./timed-end.js";

/** One fleet, and how its bots are revoked. */
export interface Trial {
  readonly bots: number;
  /** The number of bots that are revoked one by one, before one pattern revokes the rest. */
  readonly revocations: number;
  /** A PostgreSQL database that two authorities share: one revokes, the bots are attached to the other. Default: SQLite. */
  readonly store?: string | undefined;
  readonly profileFolder: string | undefined;
  readonly progress: (line: string) => void;
}

/** The delays of one trial; those that have not been measured are undefined. */
export interface TrialResult {
  /** Of the bots that were revoked one by one. */
  readonly single?: Delays | undefined;
  /** Of all other bots, revoked by one pattern. */
  readonly pattern?: Delays | undefined;
}

type AuthorityProcess = Forked<AuthorityAsk, AuthorityAnswer>;
type FleetProcess = Forked<FleetAsk, FleetAnswer, readonly StreamEnd[]>;

const fleetProcesses = 4;
const limitMs = 30_000;

const grants = `grants:
  "bot/*":
    ${WatchService.name}: [watch:open]
`;

/** Starts a fleet, each bot with an open stream, revokes the bots, and calls `found` with each part of the result. */
export async function measureRevocation(trial: Trial, found: (part: TrialResult) => void): Promise<void> {
  const temporary = makeTemporaryFolder("bench");
  const folder = temporary.path;
  const cleanUp: (() => Promise<unknown>)[] = [];
  try {
    const first = await startAuthorityProcess("authority-1", folder, trial, cleanUp);
    const second = trial.store ? await startAuthorityProcess("authority-2", folder, trial, cleanUp) : first;
    await first.process.ask({ do: "apply", grants });
    const operator = await joinAsOperator(first, join(folder, "operator"));
    cleanUp.push(() => operator.close(0));
    const ends = watchEnds();
    const fleet = await startFleet(trial, second.address, operator, first.address, folder, ends.hear, cleanUp);
    await revokeAll(trial, operator, first.address, fleet, ends, found);
  } finally {
    for (const end of cleanUp.reverse()) await end();
    temporary.remove();
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
  const child: AuthorityProcess = forkProcess(url, name, { profileFolder });
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
  hear: (ends: readonly StreamEnd[]) => void,
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
    const child: FleetProcess = forkProcess(url, `fleet-${i + 1}`, { profileFolder });
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

async function revokeAll(
  { bots, revocations, progress }: Trial,
  operator: Bot,
  address: string,
  fleet: readonly FleetProcess[],
  ends: Ends,
  found: (part: TrialResult) => void,
): Promise<void> {
  const admin = operator.client(AdminService, address);
  const uri = (name: string) => operator.spiffeId.uri.replace(operator.name, name);
  const revoke = async (subject: Parameters<typeof admin.revoke>[0]["subject"]) => {
    const { trustVersion } = await admin.revoke({ subject, reason: "benchmark" });
    return { returned: monotonicMs(), trustVersion };
  };
  progress(`${revocations} are revoked one by one`);
  const single: TimedEnd[] = [];
  for (let bot = 0; bot < revocations; bot++) {
    const name = `bot/${bot}`;
    const { returned, trustVersion } = await revoke({ $case: "identity", value: uri(name) });
    single.push(...(await ends.of([name], returned)));
    // One revocation at a time: all bots share this machine, and their number per second is not measured.
    await Promise.all(fleet.map((child) => child.ask({ do: "reach", version: trustVersion })));
  }
  found({ single: summarize(single) });
  progress("and the rest by one pattern");
  const rest = Array.from({ length: bots - revocations }, (_, i) => `bot/${revocations + i}`);
  const { returned } = await revoke({ $case: "pattern", value: "bot/*" });
  found({ pattern: summarize(await ends.of(rest, returned)) });
}

interface Ends {
  readonly hear: (ends: readonly StreamEnd[]) => void;
  /** Waits until the streams of these bots have ended. */
  of(names: readonly string[], returned: number): Promise<TimedEnd[]>;
}

function watchEnds(): Ends {
  const heard = new Map<string, StreamEnd>();
  let wake = () => {};
  return {
    hear(ends) {
      for (const end of ends) heard.set(end.name, end);
      wake();
    },
    async of(names, returned) {
      const missing = new Set(names);
      const deadline = setTimeout(() => wake(), limitMs);
      for (;;) {
        for (const name of missing) if (heard.has(name)) missing.delete(name);
        if (missing.size === 0) break;
        if (monotonicMs() - returned > limitMs)
          throw new Error(`${missing.size} streams have not ended after ${limitMs} ms`);
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
