import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuthorityOptions } from "@interlock/authority";
import { joinFleet, silentLog } from "@interlock/bot";
import { startPostgres } from "@interlock/testing-postgres";
import { type Forked, forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import type { AuthorityAnswer, AuthorityAsk } from "../authority-process.js";
import { type CrashAccount, takeAccount } from "./crash-account.js";
import { createJournal, type Journal, kinds } from "./crash-journal.js";
import { grantsOf, runCrashLoad } from "./crash-load.js";
import type { Soak, SoakOptions, StoreKind } from "./soak.js";

/** `npm run soak -- crash`: the authority is killed again and again, and nothing that it acknowledged is lost. */
export const crash: Soak = {
  summary: "SIGKILL of the authority under load; what it has acknowledged must be there",
  start({ durationMs, stores, progress }) {
    const trials = stores.map(createTrial);
    return {
      parts: stores.flatMap((store) => [loadPart(store), accountPart(store)]),
      async measure(done) {
        for (const trial of trials) await runTrial(trial, durationMs, progress, done);
      },
      result() {
        const begun = trials.filter(({ journal }) => journal !== undefined);
        const accounts = begun.flatMap(({ account }) => (account ? [account] : []));
        const outcomes = begun.map((trial) => [trial.store, outcomeOf(trial)] as const);
        return {
          ok: outcomes.every(([, { ok }]) => ok),
          json: {
            lost: accounts.length > 0 ? accounts.reduce((sum, { lost }) => sum + lost.length, 0) : undefined,
            stores: Object.fromEntries(outcomes),
          },
          text: outcomes.map(([store, outcome]) => textOf(store, outcome)).join(""),
        };
      },
    };
  },
};

/** The load on one store, and the account of it. */
interface Trial {
  readonly store: StoreKind;
  /** The number of times that the authority was killed. */
  kills: number;
  /** The number of times that PostgreSQL itself was crashed. */
  storeCrashes: number;
  /** Undefined until the load begins. */
  journal: Journal | undefined;
  /** Undefined until the load is over and the account is taken. */
  account: CrashAccount | undefined;
}

function createTrial(store: StoreKind): Trial {
  return { store, kills: 0, storeCrashes: 0, journal: undefined, account: undefined };
}

function loadPart(store: StoreKind): string {
  return `${store}, load`;
}

function accountPart(store: StoreKind): string {
  return `${store}, account of what was lost`;
}

/** What `--json` prints of one trial. Without an account, what was lost and the audit log are unknown. */
interface Outcome {
  /** Nothing is lost, the log has no fault, and every kind of operation was acknowledged. */
  readonly ok: boolean;
  readonly kills: number;
  readonly storeCrashes: number;
  readonly acknowledged: Journal["acknowledged"] | undefined;
  /** Operations that failed or had no answer, because the authority was down. */
  readonly failed: number | undefined;
  readonly lost: number | undefined;
  /** The first few of the lost operations, to find the cause. */
  readonly examples: readonly string[] | undefined;
  readonly records: number | undefined;
  readonly faults: readonly string[] | undefined;
}

type Process = Forked<AuthorityAsk, AuthorityAnswer>;

async function runTrial(
  trial: Trial,
  durationMs: number,
  progress: SoakOptions["progress"],
  done: (part: string) => void,
): Promise<void> {
  const kind = trial.store;
  const temporary = makeTemporaryFolder("crash");
  const folder = temporary.path;
  const store = await openPlace(kind, folder);
  const authority = createMortal(store.options);
  try {
    const { address } = await authority.start();
    await authority.ask({ do: "apply", grants: grantsOf(-1) });
    const enter = async (name: string) => {
      const { joinToken } = await authority.ask({ do: "invite", name });
      return joinFleet({ authority: address, name, joinToken, stateDir: join(folder, name), log: silentLog });
    };
    const [operator, worker] = [await enter("operator/soak"), await enter("worker/1")];
    const journal = createJournal();
    trial.journal = journal;
    const ending = new AbortController();
    const load = runCrashLoad({ address, folder, operator, worker, journal, signal: ending.signal });

    const end = performance.now() + durationMs;
    let up: Promise<unknown> = Promise.resolve();
    while (performance.now() < end) {
      // Most kills come while the authority works, some while it starts.
      if (Math.random() < 0.25) await sleep(Math.random() * 800);
      else {
        await up;
        await sleep(500 + Math.random() * 2_500);
      }
      await authority.kill();
      trial.kills++;
      if (trial.storeCrashes === 0 && store.crash && performance.now() > end - durationMs / 2) {
        await store.crash();
        trial.storeCrashes++;
      }
      up = authority.start();
      up.catch(() => {}); // It may be killed before it is up.
      if (trial.kills % 10 === 0) progress(`${kind}: killed ${trial.kills} times`);
    }
    ending.abort();
    await load;
    done(loadPart(kind));
    await authority.kill();
    await authority.start();
    trial.account = await patiently(() => takeAccount(operator, address, journal));
    done(accountPart(kind));
    await Promise.all([operator.close(0), worker.close(0)]);
  } finally {
    await authority.kill();
    await store.remove();
    temporary.remove();
  }
}

interface Place {
  readonly options: Pick<AuthorityOptions, "dataDir" | "store" | "keyPassphrase">;
  /** Crashes the store itself and starts it again. */
  readonly crash?: (() => Promise<void>) | undefined;
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

/** An authority that can be killed and started again at the same address. */
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

/** Tries again for 15 s: the connection may still wait for its next attempt. */
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

function outcomeOf({ journal, account, kills, storeCrashes }: Trial): Outcome {
  const everythingTried = kills > 0 && kinds.every((kind) => (journal?.acknowledged[kind] ?? 0) > 0);
  return {
    ok: account?.lost.length === 0 && account.faults.length === 0 && everythingTried,
    kills,
    storeCrashes,
    acknowledged: journal?.acknowledged,
    failed: journal?.failed,
    lost: account?.lost.length,
    examples: account?.lost.slice(0, 10),
    records: account?.records,
    faults: account?.faults,
  };
}

function textOf(store: StoreKind, { kills, acknowledged, failed, lost, faults }: Outcome): string {
  const counts = kinds.map((kind) => `${acknowledged?.[kind] ?? 0} ${kind}`).join(", ");
  const load = `${store}: killed ${kills} times; acknowledged ${counts}; unanswered ${failed ?? 0}`;
  return `${load}; lost ${lost ?? "unknown"}; faults in the log ${faults?.length ?? "unknown"}\n`;
}
