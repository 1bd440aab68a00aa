import { join } from "node:path";
import { joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { type Forked, forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import type { AuthorityAnswer, AuthorityAsk } from "../authority-process.js";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import { roundName } from "../round-names.js";
import type { LightBotsAsk } from "./light-bots-process.js";

export interface AuthorityTrial {
  readonly bots: number;
  readonly rounds: number;
  /** The number of tokens in each round. */
  readonly calls: number;
  readonly profileFolder: string | undefined;
  readonly progress: (line: string) => void;
}

/** CPU microseconds of the authority's process for one token or one enrollment. */
export interface Turn {
  readonly us: number;
  /** For its signatures alone. */
  readonly signaturesUs: number;
}

/** The memory of the authority's process with so many bots, in bytes. */
export interface Weight {
  readonly bots: number;
  readonly rss: number;
  readonly heap: number;
}

/** Everything that has been measured so far. */
export interface AuthorityFigures {
  readonly tokens: Turn[];
  readonly enrollments: Turn[];
  readonly weights: Weight[];
}

/** The names of the parts, each followed by the number of a round. */
export const enrollmentPart = "enrollment, ";
export const tokenPart = "tokens, ";

type AuthorityProcess = Forked<AuthorityAsk, AuthorityAnswer>;
type LightBots = Forked<LightBotsAsk, object>;

const processes = 4;
const trustDomain = "bench";
const grants = `grants:
  "bot/*":
    ${EchoService.name}: [echo:call]
`;

/** Fills a fleet in as many waves as there are rounds, then asks for tokens. Adds what it measures to `figures`. */
export async function measureAuthority(
  { bots, rounds, calls, progress, profileFolder }: AuthorityTrial,
  figures: AuthorityFigures,
  done: (part: string) => void,
): Promise<void> {
  const { tokens, enrollments, weights } = figures;
  const folder = makeTemporaryFolder("bench");
  const running: { stop(): Promise<void> }[] = [];
  try {
    const url = new URL("../authority-process.js", import.meta.url);
    const authority: AuthorityProcess = forkProcess(url, "authority", { profileFolder });
    running.push(authority);
    // The bots ask for more tokens than usual, to measure the cost of one: no rate limit.
    const tokenRate = { burst: 1e9, perSecond: 1e9 };
    const options = { dataDir: join(folder.path, "authority"), trustDomain, port: 0, tokenRate };
    const { address = "", root = new Uint8Array() } = await authority.ask({ do: "start", options });
    await authority.ask({ do: "apply", grants });
    const joinToken = await invite(authority, address, bots, folder.path);
    const fleet = Array.from({ length: processes }, (_, i): LightBots => {
      const child: LightBots = forkProcess(new URL("./light-bots-process.js", import.meta.url), `bots-${i + 1}`);
      running.push(child);
      return child;
    });
    const each = (ask: (i: number) => LightBotsAsk) => Promise.all(fleet.map((child, i) => child.ask(ask(i))));

    weights.push(await weigh(authority, 0));
    for (let round = 1; round <= rounds; round++) {
      const from = Math.floor((bots * (round - 1)) / rounds);
      const to = Math.floor((bots * round) / rounds);
      const names = Array.from({ length: to - from }, (_, i) => `bot/${from + i}`);
      enrollments.push(
        await turn(authority, "enrollment", names.length, () =>
          each((i) => ({
            do: "join",
            authority: address,
            root,
            trustDomain,
            joinToken,
            names: names.filter((_, bot) => bot % processes === i),
          })),
        ),
      );
      await each(() => ({ do: "watch" }));
      weights.push(await weigh(authority, to));
      done(roundName(round, enrollmentPart));
      progress(`${to} bots of ${bots} are connected`);
    }

    for (let round = 1; round <= rounds; round++) {
      const count = Math.ceil(calls / processes);
      const ask = { do: "tokens", audience: EchoService.name, scopes: ["echo:call"], count } as const;
      tokens.push(await turn(authority, "token", count * processes, () => each(() => ask)));
      done(roundName(round, tokenPart));
      progress(`tokens: round ${round} of ${rounds}`);
    }
  } finally {
    await Promise.all(running.map((child) => child.stop()));
    folder.remove();
  }
}

/** Creates one join token for the whole fleet. */
async function invite(authority: AuthorityProcess, address: string, uses: number, folder: string): Promise<string> {
  const name = "operator/bench";
  const { joinToken } = await authority.ask({ do: "invite", name });
  const operator = await joinFleet({
    authority: address,
    name,
    joinToken,
    stateDir: join(folder, "operator"),
    log: silentLog,
  });
  try {
    const admin = operator.client(AdminService, address);
    return (await admin.createJoinToken({ name: "bot/*", uses, ttlSeconds: 3_600 })).joinToken;
  } finally {
    await operator.close(0);
  }
}

/** Measures the authority's CPU time for `count` tokens or enrollments, and then for as many of their signatures alone. */
async function turn(
  authority: AuthorityProcess,
  what: "token" | "enrollment",
  count: number,
  work: () => Promise<unknown>,
): Promise<Turn> {
  await authority.ask({ do: "begin" });
  await work();
  const { cpu = 0 } = await authority.ask({ do: "end" });
  const { cpu: bare = 0 } = await authority.ask({ do: "sign", what, count });
  return { us: cpu / count, signaturesUs: bare / count };
}

async function weigh(authority: AuthorityProcess, bots: number): Promise<Weight> {
  const { rss = 0, heap = 0 } = await authority.ask({ do: "weigh" });
  return { bots, rss, heap };
}
