import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuthorityOptions } from "@interlock/authority";
import { joinFleet, silentLog } from "@interlock/bot";
import { startPostgres } from "@interlock/testing-postgres";
import type { AuthorityAnswer, AuthorityAsk } from "../authority-process.js";
import { type Forked, forkProcess } from "../forked.js";
import { type CrashAccount, takeAccount } from "./crash-account.js";
import { createJournal, type Journal, kinds } from "./crash-journal.js";
import { grantsOf, runCrashLoad } from "./crash-load.js";
import type { Soak, SoakOptions, StoreKind } from "./soak.js";

/** `npm run soak -- crash`: the authority is killed again and again, and nothing that it acknowledged is lost. */
export const crash: Soak = {
  summary: "SIGKILL of the authority under load; what it has acknowledged must be there",
  async run({ durationMs, stores, progress }) {
    const outcomes: Partial<Record<StoreKind, Outcome>> = {};
    for (const store of stores) outcomes[store] = await runOn(store, durationMs, progress);
    const all = Object.values(outcomes);
    const lost = all.reduce((sum, outcome) => sum + outcome.lost, 0);
    return { ok: all.every(({ ok }) => ok), json: { lost, stores: outcomes }, text: textOf(outcomes) };
  },
};

interface Outcome {
  /** Nothing lost, no fault in the log, and everything was tried. */
  readonly ok: boolean;
  readonly kills: number;
  /** How often PostgreSQL itself fell. */
  readonly storeCrashes: number;
  readonly acknowledged: Journal["acknowledged"];
  /** Failed or never answered: tried while the authority was down. */
  readonly failed: number;
  readonly lost: number;
  /** The first few of them, for whoever has to find out why. */
  readonly examples: readonly string[];
  readonly records: number;
  readonly faults: readonly string[];
}

type Process = Forked<AuthorityAsk, AuthorityAnswer>;

async function runOn(kind: StoreKind, durationMs: number, progress: SoakOptions["progress"]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-crash-"));
  const store = await openPlace(kind, folder);
  const authority = createMortal(store.options);
  try {
    const { address } = await authority.start();
    await authority.ask({ do: "apply", grants: grantsOf(-1) });
    const enter = async (name: string) => {
      const { joinToken } = await authority.ask({ do: "invite", name });
      const given = joinToken === undefined ? {} : { joinToken };
      return joinFleet({ authority: address, name, ...given, stateDir: join(folder, name), log: silentLog });
    };
    const [operator, worker] = [await enter("operator/soak"), await enter("worker/1")];
    const journal = createJournal();
    const ending = new AbortController();
    const load = runCrashLoad({ address, folder, operator, worker, journal, signal: ending.signal });

    const end = performance.now() + durationMs;
    let kills = 0;
    let storeCrashes = 0;
    let up: Promise<unknown> = Promise.resolve();
    while (performance.now() < end) {
      // Mostly at work, now and then while it starts.
      if (Math.random() < 0.25) await sleep(Math.random() * 800);
      else {
        await up;
        await sleep(500 + Math.random() * 2_500);
      }
      await authority.kill();
      kills++;
      if (storeCrashes === 0 && store.crash && performance.now() > end - durationMs / 2) {
        await store.crash();
        storeCrashes++;
      }
      up = authority.start();
      up.catch(() => {}); // It may be killed before it is up.
      if (kills % 10 === 0) progress(`${kind}: killed ${kills} times`);
    }
    ending.abort();
    await load;
    await authority.kill();
    await authority.start();
    const account = await patiently(() => takeAccount(operator, address, journal));
    await Promise.all([operator.close(0), worker.close(0)]);
    return outcomeOf(journal, account, kills, storeCrashes);
  } finally {
    await authority.kill();
    await store.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly options: Pick<AuthorityOptions, "dataDir" | "store" | "keyPassphrase">;
  /** Lets the store itself fall, and come up again. */
  crash?(): Promise<void>;
  remove(): Promise<void>;
}

async function openPlace(kind: StoreKind, folder: string): Promise<Place> {
  if (kind === "sqlite") return { options: { dataDir: join(folder, "authority") }, remove: async () => {} };
  const postgres = await startPostgres();
  return {
    options: { store: await postgres.createDatabase(), keyPassphrase: "a passphrase for a soak" },
    async crash() {
      await postgres.crash();
      await postgres.restart();
    },
    remove: postgres.stop,
  };
}

/** An authority that can be killed and started again, at one address. */
function createMortal(store: Place["options"]) {
  let child: Process | undefined;
  let port = 0;
  return {
    async start(): Promise<{ address: string }> {
      child = forkProcess(new URL("../authority-process.js", import.meta.url), "authority");
      const { address = "" } = await child.ask({ do: "start", options: { ...store, trustDomain: "soak", port } });
      port = Number(address.split(":").at(-1));
      return { address };
    },
    ask: (ask: AuthorityAsk) => (child as Process).ask(ask),
    async kill(): Promise<void> {
      await child?.kill();
    },
  };
}

/** The connection may still be waiting for its next attempt. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 30) throw error;
      await sleep(500);
    }
  }
}

function outcomeOf(journal: Journal, account: CrashAccount, kills: number, storeCrashes: number): Outcome {
  const { acknowledged, failed } = journal;
  const { lost, faults, records } = account;
  const everythingTried = kills > 0 && kinds.every((kind) => acknowledged[kind] > 0);
  return {
    ok: lost.length === 0 && faults.length === 0 && everythingTried,
    kills,
    storeCrashes,
    acknowledged,
    failed,
    lost: lost.length,
    examples: lost.slice(0, 10),
    records,
    faults,
  };
}

function textOf(outcomes: Partial<Record<StoreKind, Outcome>>): string {
  return Object.entries(outcomes)
    .map(([store, { kills, acknowledged, failed, lost, faults }]) => {
      const counts = kinds.map((kind) => `${acknowledged[kind]} ${kind}`).join(", ");
      return `${store}: killed ${kills} times; acknowledged ${counts}; unanswered ${failed}; lost ${lost}; faults in the log ${faults.length}\n`;
    })
    .join("");
}
