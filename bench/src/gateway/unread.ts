import { join } from "node:path";
import { forkProcess } from "@interlock/testing-processes";
import { type Bar, type Judged, judge, printBars } from "../bars.js";
import { startChild } from "../child-process.js";
import { printTable } from "../print-table.js";
import { quantile, round } from "../statistics.js";
import { prepareFleet } from "../variants/interlock.js";
import type { CallerAnswer, CallerAsk } from "./caller-process.js";
import type { GatewayAnswer, GatewayAsk } from "./gateway-process.js";

/** What the other caller does its calls through. */
export const unreadDoors = ["direct", "interlock gateway"] as const;
type UnreadDoor = (typeof unreadDoors)[number];

/** The streams that one caller begins and does not read, by the bytes of their messages. */
const messageBytes = Array.from({ length: 64 }, (_, i) => [4_096, 16_384, 32_768, 65_536][i % 4] as number);

/** How long the calls of each moment go on, in seconds, and those before, with which the code is compiled. */
const seconds = { measured: 3, warmUp: 3 } as const;

/** Before there are streams; while they begin and are filled; while nobody reads them; and while they all end at once. */
const moments = ["before", "opening", "unread", "ending"] as const;
type Moment = (typeof moments)[number];

/** The calls of the other caller, one after another; times in milliseconds. */
interface UnreadFigures {
  readonly door: UnreadDoor;
  readonly moment: Moment;
  readonly calls: number;
  readonly failed: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly worst_ms: number;
}

interface UnreadBar extends Bar {
  readonly door: UnreadDoor;
  readonly moment: Moment;
  readonly figure: "worst_ms" | "failed";
}

/** The streams begin with 16 MiB at each of the processes, which share the cores here: hence the aim. */
const bars: readonly UnreadBar[] = unreadDoors.flatMap((door) => [
  { door, moment: "unread", figure: "worst_ms", at_most: 50 },
  { door, moment: "opening", figure: "worst_ms", at_most: 50, aim: true },
  ...moments.map((moment) => ({ door, moment, figure: "failed", at_most: 0 }) as const),
]);

/** What another caller notices of streams that one caller does not read. */
export class Unread {
  readonly #figures: UnreadFigures[] = [];

  /** Measures it through one door. `folder` is empty. */
  async measure(door: UnreadDoor, folder: string): Promise<void> {
    const cleanUp: (() => Promise<void>)[] = [];
    try {
      const names = { server: "server/1", client: "client/1", other: "client/2", gateway: "gateway/1" };
      const { settings, close } = await prepareFleet(join(folder, door), names);
      cleanUp.push(close);
      const server = startChild(`unread.${door}.server`);
      cleanUp.push(server.stop);
      let { address } = await server.ask({ do: "serve", variant: "interlock", settings });
      if (door !== "direct") {
        const url = new URL("./gateway-process.js", import.meta.url);
        const gateway = forkProcess<GatewayAsk, GatewayAnswer>(url, "unread.gateway");
        cleanUp.push(gateway.stop);
        ({ address } = await gateway.ask({ do: "open", side: settings.gateway, upstream: address }));
      }
      const url = new URL("./caller-process.js", import.meta.url);
      const holder = forkProcess<CallerAsk, CallerAnswer>(url, "unread.holder");
      const other = forkProcess<CallerAsk, CallerAnswer>(url, "unread.other");
      cleanUp.push(holder.stop, other.stop);
      await holder.ask({ do: "connect", side: settings.client, address });
      await other.ask({ do: "connect", side: settings.other, address });
      await other.ask({ do: "call", seconds: seconds.warmUp });
      const meanwhile: Partial<Record<Moment, () => Promise<unknown>>> = {
        opening: () => holder.ask({ do: "hold", messageBytes }),
        ending: () => holder.stop(),
      };
      for (const moment of moments) {
        const calls = other.ask({ do: "call", seconds: seconds.measured });
        await meanwhile[moment]?.();
        this.#figures.push(figuresOf(door, moment, await calls));
      }
    } finally {
      for (const end of cleanUp.reverse()) await end();
    }
  }

  /** The figures so far. */
  get figures(): readonly UnreadFigures[] {
    return this.#figures;
  }

  get bars(): Judged<UnreadBar>[] {
    return bars.flatMap((bar) => {
      const found = this.#figures.find(({ door, moment }) => door === bar.door && moment === bar.moment);
      return found ? [judge(bar, found[bar.figure])] : [];
    });
  }

  /** The figures as text for people; empty before there are any. */
  print(): string {
    if (this.#figures.length === 0) return "";
    const named = this.bars
      .filter(({ figure }) => figure === "worst_ms")
      .map((bar) => [`worst ms: ${bar.door}, ${bar.moment}`, bar, 1] as const);
    return `64 streams that one caller does not read: the calls of another, one at a time\n\n${printTable([
      ["", "", "calls", "failed", "p50 ms", "p99 ms", "worst ms"],
      ...this.#figures.map((row) => Object.values(row).map(String)),
    ])}\n${printBars(named)}`;
  }
}

function figuresOf(door: UnreadDoor, moment: Moment, { times, failed }: CallerAnswer): UnreadFigures {
  const sorted = Float64Array.from(times).sort();
  const at = (q: number) => round(quantile(sorted, q), 2);
  return { door, moment, calls: times.length, failed, p50_ms: at(0.5), p99_ms: at(0.99), worst_ms: at(1) };
}
