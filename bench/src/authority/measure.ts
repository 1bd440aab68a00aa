import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import type { AuthorityAnswer, AuthorityAsk } from "../authority-process.js";
import { type Forked, forkProcess } from "../forked.js";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import type { LightBotsAsk } from "./light-bots-process.js";

export interface AuthorityTrial {
  readonly bots: number;
  readonly rounds: number;
  /** Tokens in each round. */
  readonly calls: number;
  readonly profileFolder?: string;
  readonly progress: (line: string) => void;
}

/** CPU microseconds of the authority's process for one of something. */
export interface Turn {
  readonly us: number;
  readonly signaturesUs: number;
}

/** What the authority's process weighs, in bytes. */
export interface Weight {
  readonly bots: number;
  readonly rss: number;
  readonly heap: number;
}

export interface AuthorityFigures {
  readonly tokens: readonly Turn[];
  readonly enrollments: readonly Turn[];
  readonly weights: readonly Weight[];
}

type AuthorityProcess = Forked<AuthorityAsk, AuthorityAnswer>;
type LightBots = Forked<LightBotsAsk, object>;

const processes = 4;
const trustDomain = "bench";
const grants = `grants:
  "bot/*":
    ${EchoService.name}: [echo:call]
`;

/** Fills a fleet wave by wave, with the account of each; then asks for tokens. */
export async function measureAuthority(trial: AuthorityTrial): Promise<AuthorityFigures> {
  const { bots, rounds, calls, progress, profileFolder } = trial;
  const folder = mkdtempSync(join(tmpdir(), "interlock-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const running: { stop(): Promise<void> }[] = [];
  try {
    const url = new URL("../authority-process.js", import.meta.url);
    const authority: AuthorityProcess = forkProcess(url, "authority", profileFolder);
    running.push(authority);
    // What a token costs is measured, so nobody is held back from asking for more of them than a bot would.
    const tokenRate = { burst: 1e9, perSecond: 1e9 };
    const options = { dataDir: join(folder, "authority"), trustDomain, port: 0, tokenRate };
    const { address = "", root = new Uint8Array() } = await authority.ask({ do: "start", options });
    await authority.ask({ do: "apply", grants });
    const joinToken = await invite(authority, address, bots, folder);
    const fleet = Array.from({ length: processes }, (_, i): LightBots => {
      const child: LightBots = forkProcess(new URL("./light-bots-process.js", import.meta.url), `bots-${i + 1}`);
      running.push(child);
      return child;
    });
    const each = (ask: (i: number) => LightBotsAsk) => Promise.all(fleet.map((child, i) => child.ask(ask(i))));

    const enrollments: Turn[] = [];
    const weights: Weight[] = [await weigh(authority, 0)];
    for (let round = 1; round <= rounds; round++) {
      const [from, to] = [(round - 1) / rounds, round / rounds].map((part) => Math.floor(bots * part)) as [
        number,
        number,
      ];
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
      progress(`${to} bots of ${bots} are connected`);
    }

    const tokens: Turn[] = [];
    for (let round = 1; round <= rounds; round++) {
      const count = Math.ceil(calls / processes);
      const ask = { do: "tokens", audience: EchoService.name, scopes: ["echo:call"], count } as const;
      tokens.push(await turn(authority, "token", count * processes, () => each(() => ask)));
      progress(`tokens: round ${round} of ${rounds}`);
    }
    return { enrollments, tokens, weights };
  } finally {
    await Promise.all(running.map((child) => child.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One token that lets the whole fleet in. */
async function invite(authority: AuthorityProcess, address: string, uses: number, folder: string): Promise<string> {
  const name = "operator/bench";
  const { joinToken } = await authority.ask({ do: "invite", name });
  const operator = await joinFleet({
    authority: address,
    name,
    stateDir: join(folder, "operator"),
    log: silentLog,
    ...(joinToken !== undefined && { joinToken }),
  });
  try {
    const admin = operator.client(AdminService, address);
    return (await admin.createJoinToken({ name: "bot/*", uses, ttlSeconds: 3_600 })).joinToken;
  } finally {
    await operator.close(0);
  }
}

/** What the authority spends on `count` of something, and then on as many of their signatures alone. */
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
