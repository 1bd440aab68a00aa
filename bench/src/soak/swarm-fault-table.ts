import { setTimeout as delay } from "node:timers/promises";
import { type Forked, holdSqlite } from "@interlock/testing-processes";
import pg from "pg";
import type { FaultAnswer, FaultAsk, FaultEvent } from "./swarm-fault-process.js";
import type { VanishingNetwork } from "./vanishing-network.js";

export type FaultProcess = Forked<FaultAsk, FaultAnswer, FaultEvent>;

/** What faults are made in. */
export interface FaultScene {
  readonly store: string;
  readonly onPostgres: boolean;
  readonly leader: FaultProcess;
  readonly workers: readonly FaultProcess[];
  readonly network: VanishingNetwork;
  /** Gives a number between two. */
  between(least: number, most: number): number;
}

/** One kind of fault. It resolves when the fault has ended. */
export interface Fault {
  /** Whether it can be made on this store. */
  fits?(scene: FaultScene): boolean;
  make(scene: FaultScene): Promise<void>;
}

/** Every kind of fault, by its name. Big results are part of the load. */
export const faults: Readonly<Record<string, Fault>> = {
  "store held": {
    fits: ({ onPostgres }) => !onPostgres,
    async make({ store, between }) {
      const holder = await holdSqlite(store);
      await delay(between(1_000, 8_000));
      await holder.release();
    },
  },
  "read-only fail-over": {
    fits: ({ onPostgres }) => onPostgres,
    async make({ store, between }) {
      const database = new URL(store).pathname.slice(1);
      const others = "datname = current_database() and pid <> pg_backend_pid()";
      await asAdmin(store, `alter database ${database} set default_transaction_read_only = on`);
      await asAdmin(store, `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`);
      await delay(between(1_000, 5_000));
      await asAdmin(store, `alter database ${database} reset default_transaction_read_only`);
    },
  },
  "clock of a worker set": {
    async make({ workers, between }) {
      await setFor(pick(workers, between), between(-30_000, 30_000), between(500, 3_000));
    },
  },
  "clock of the leader set": {
    async make({ leader, between }) {
      await setFor(leader, between(-4_000, 4_000), between(500, 3_000));
    },
  },
  "worker blocked": {
    async make({ workers, between }) {
      await pick(workers, between).ask({ do: "block", ms: between(500, 4_000) });
    },
  },
  "leader blocked": {
    async make({ leader, between }) {
      await leader.ask({ do: "block", ms: between(500, 4_000) });
    },
  },
  "network gone": {
    async make({ network, between }) {
      network.vanish();
      await delay(between(500, 6_000));
      network.comeBack(between(0, 1) < 0.5);
    },
  },
};

function pick<T>(all: readonly T[], between: FaultScene["between"]): T {
  return all[Math.floor(between(0, all.length)) % all.length] as T;
}

async function setFor(process: FaultProcess, ms: number, forMs: number): Promise<void> {
  await process.ask({ do: "set", ms });
  await delay(forMs);
  await process.ask({ do: "set", ms: -ms });
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query("set default_transaction_read_only = off");
  await client.query(statement).finally(() => client.end());
}
