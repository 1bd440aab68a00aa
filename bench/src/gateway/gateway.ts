import { join } from "node:path";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { type Bar, isFarOff, type Judged, judge, printBars } from "../bars.js";
import type { Benchmark } from "../benchmark.js";
import { type Child, startChild } from "../child-process.js";
import type { Load } from "../load.js";
import { printTable } from "../print-table.js";
import { roundName, roundNames } from "../round-names.js";
import { median, round } from "../statistics.js";
import { turnOrder } from "../turn-order.js";
import { cpuOf } from "./cpu-of.js";
import type { Door } from "./door.js";
import { type DoorName, doorNames, doors } from "./doors.js";
import { Unread, unreadDoors } from "./unread.js";

/** What is measured of a door in one round. */
interface Sample {
  /** CPU time of the door for each call, or each message of a stream, in microseconds. */
  readonly door: number;
  /** Of a whole call, in microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

const loads = {
  "16 calls at a time": { method: "echo", calls: 12_000, messages: 1, inFlight: 16, bytes: 100 },
  "1 call at a time": { method: "echo", calls: 3_000, messages: 1, inFlight: 1, bytes: 100 },
  "16 streams at a time": { method: "repeat", calls: 160, messages: 500, inFlight: 16, bytes: 100 },
} as const satisfies Readonly<Record<string, Load>>;
type LoadName = keyof typeof loads;
const loadNames = Object.keys(loads) as LoadName[];

interface DoorBar extends Bar {
  readonly figure: "door" | "p50";
  readonly to: DoorName;
  readonly load: LoadName;
}

const bars: readonly DoorBar[] = [
  { figure: "door", to: "node:http2 proxy", load: "16 calls at a time", at_most: 0.3 },
  { figure: "door", to: "node:http2 proxy", load: "1 call at a time", at_most: 0.6 },
  { figure: "door", to: "node:http2 proxy", load: "16 streams at a time", at_most: 1 },
  { figure: "door", to: "envoy", load: "16 calls at a time", at_most: 1 },
  { figure: "p50", to: "envoy", load: "16 calls at a time", at_most: 1 },
  { figure: "p50", to: "envoy", load: "1 call at a time", at_most: 1 },
  // A third process shares the cores of two: no door but nghttpx comes near, beside calls as cheap as ours.
  { figure: "p50", to: "direct", load: "16 calls at a time", at_most: 1.4, aim: true },
  { figure: "p50", to: "direct", load: "1 call at a time", at_most: 1.4, aim: true },
];

/** Rounds at the start that do not count: V8 compiles the code of the doors. */
const warmUpRounds = 3;

type Samples = Record<LoadName, Record<DoorName, Sample[]>>;

function empty(): Record<DoorName, Sample[]> {
  return Object.fromEntries(doorNames.map((name) => [name, []])) as unknown as Record<DoorName, Sample[]>;
}

const unreadPart = (door: string) => `unread streams, ${door}`;

/** What a door costs: the gateway with all of its checks, beside proxies without any. */
export const gateway: Benchmark = {
  summary: "CPU of a gateway for each call, beside node:http2, nginx, nghttpx and Envoy without checks, and no door",
  limitSeconds: 1_200,
  start({ rounds = 9, calls, progress }) {
    const samples = Object.fromEntries(loadNames.map((name) => [name, empty()])) as Samples;
    const skipped: { name: string; why: string }[] = [];
    const unread = new Unread();
    const share = calls === undefined ? 1 : calls / loads["16 calls at a time"].calls;
    return {
      parts: [...roundNames(rounds), ...unreadDoors.map(unreadPart)],
      async measure(done) {
        await measure(samples, skipped, { rounds, share, progress, done });
        await measureUnread(unread, progress, done);
      },
      result() {
        const judged = judgeBars(samples);
        const { figures: held, bars: heldBars } = unread;
        const figures = Object.fromEntries(loadNames.map((name) => [name, figuresOf(samples[name])]));
        return {
          ok: ![...judged, ...heldBars].some(isFarOff),
          json: {
            benchmark: "gateway",
            node: process.version,
            rounds,
            loads: figures,
            unread: held,
            bars: [...judged, ...heldBars],
            skipped,
          },
          text: [print(samples, judged, skipped), unread.print()].join("\n"),
        };
      },
    };
  },
};

interface Measuring {
  readonly rounds: number;
  /** The part of the standard loads that is run. */
  readonly share: number;
  readonly progress: (line: string) => void;
  readonly done: (part: string) => void;
}

interface Opened {
  readonly name: DoorName;
  readonly client: Child;
  readonly pid: number | undefined;
}

async function measure(
  samples: Samples,
  skipped: { name: string; why: string }[],
  { rounds, share, progress, done }: Measuring,
): Promise<void> {
  const folder = makeTemporaryFolder("bench-gateway");
  const cleanUp: (() => Promise<void>)[] = [];
  try {
    const opened: Opened[] = [];
    for (const name of doorNames) {
      const door = doors[name];
      const why = await door.missing();
      if (why === undefined)
        opened.push(await open(name, door, join(folder.path, `${opened.length}`), cleanUp, progress));
      else {
        progress(`skipped: ${name} (${why})`);
        skipped.push({ name, why });
      }
    }
    for (let turn = -warmUpRounds; turn < rounds; turn++) {
      progress(turn < 0 ? "warming up" : `round ${turn + 1} of ${rounds}`);
      for (const load of loadNames) {
        for (const one of turnOrder(opened).flat()) {
          const sample = await takeTurn(one, scaled(loads[load], share));
          if (turn >= 0) samples[load][one.name]?.push(sample);
        }
      }
      if (turn >= 0) done(roundName(turn + 1));
    }
  } finally {
    for (const end of cleanUp.reverse()) await end();
    folder.remove();
  }
}

async function measureUnread(unread: Unread, progress: Measuring["progress"], done: Measuring["done"]): Promise<void> {
  const folder = makeTemporaryFolder("bench-unread");
  try {
    for (const door of unreadDoors) {
      progress(unreadPart(door));
      await unread.measure(door, folder.path);
      done(unreadPart(door));
    }
  } finally {
    folder.remove();
  }
}

function scaled(load: Load, share: number): Load {
  return { ...load, calls: Math.max(load.inFlight, Math.ceil(load.calls * share)) };
}

async function open(
  name: DoorName,
  door: Door,
  folder: string,
  cleanUp: (() => Promise<void>)[],
  progress: (line: string) => void,
): Promise<Opened> {
  progress(`opening ${name}`);
  const { ends: variant, behind = variant } = door;
  const prepared = await door.prepare(folder);
  cleanUp.push(prepared.close);
  const { settings } = prepared;
  const [server, client] = [startChild(`${name}.server`), startChild(`${name}.client`)];
  cleanUp.push(server.stop, client.stop);
  const { address: upstream } = await server.ask({ do: "serve", variant: behind, settings });
  const { address, pid, close } = await prepared.open(upstream);
  cleanUp.push(close);
  await client.ask({ do: "connect", variant, settings, address });
  return { name, client, pid };
}

async function takeTurn({ client, pid }: Opened, load: Load): Promise<Sample> {
  const before = pid === undefined ? 0 : cpuOf(pid);
  const { times } = await client.ask({ do: "run", load });
  const spent = pid === undefined ? 0 : cpuOf(pid) - before;
  const messages = load.calls * load.messages;
  return { door: spent / messages, p50: times.p50, p99: times.p99, perSecond: messages / times.seconds };
}

function figuresOf(ofLoad: Samples[LoadName]) {
  return doorNames.flatMap((name) => {
    const found = ofLoad[name];
    if (found.length === 0) return [];
    const middle = (figure: keyof Sample, decimals = 1) => round(median(found.map((one) => one[figure])), decimals);
    return [
      {
        name,
        door_us: middle("door"),
        p50_us: middle("p50"),
        p99_us: middle("p99"),
        per_second: middle("perSecond", 0),
      },
    ];
  });
}

function judgeBars(samples: Samples): Judged<DoorBar>[] {
  return bars.flatMap((bar) => {
    const own = samples[bar.load]["interlock gateway"];
    const other = samples[bar.load][bar.to];
    if (own.length === 0 || other.length === 0) return [];
    return [judge(bar, median(own.map((sample, i) => sample[bar.figure] / (other[i] as Sample)[bar.figure])))];
  });
}

function print(
  samples: Samples,
  judged: readonly Judged<DoorBar>[],
  skipped: readonly { name: string; why: string }[],
) {
  const tables = loadNames.map((load) => {
    const rows = figuresOf(samples[load]).map(({ name, ...figures }) => [name, ...Object.values(figures).map(String)]);
    return `gateway: ${load}, Node ${process.version}\n\n${printTable([
      ["", "door µs", "p50 µs", "p99 µs", "a second"],
      ...rows,
    ])}`;
  });
  const named = judged.map(
    (bar) => [`${bar.figure}: interlock gateway / ${bar.to}, ${bar.load}`, bar as Judged, 2] as const,
  );
  return [
    ...tables,
    ...(named.length > 0 ? [`What the ratios should be\n\n${printBars(named)}`] : []),
    ...skipped.map(({ name, why }) => `skipped: ${name} (${why})\n`),
  ].join("\n");
}
