import { type Bar, type Judged, judge, printBars } from "../bars.js";
import { printTable } from "../print-table.js";
import { median, round } from "../statistics.js";

/** The transports, as `INTERLOCK_TRANSPORT` names them. */
export const transports = ["wire", "grpc-js"] as const;

export type Transport = (typeof transports)[number];

/** The memory of a process, in bytes. */
export interface Weight {
  /** Live objects, with what they own outside of the heap. */
  readonly heap: number;
  readonly rss: number;
}

/** What is weighed, and its description for people. */
export const things = {
  connection: "a connection, at its server",
  call_connection: "a connection, at its client",
  idle_bot: "an idle bot, which follows the trust",
  idle_server: "an idle bot's server",
} as const;

export type Thing = keyof typeof things;

/** The memory of each thing in one round. */
export type Sample = Readonly<Record<Thing, Weight>>;

/** The samples of the rounds so far. */
export type Samples = Record<Transport, Sample[]>;

interface Row {
  readonly thing: Thing;
  readonly kb: Readonly<Record<Transport, { readonly heap: number; readonly rss: number }>>;
  /** wire to grpc-js. Undefined where a process has not grown. */
  readonly ratio: Readonly<Record<keyof Weight, number | undefined>>;
}

interface MemoryBar extends Bar {
  readonly thing: Thing;
  readonly figure: keyof Weight;
}

/** The medians of the rounds that both transports have finished, with the bars. */
export function summarize(samples: Samples): { rows: Row[]; bars: Judged<MemoryBar>[] } {
  if (samples.wire.length === 0 || samples["grpc-js"].length === 0) return { rows: [], bars: [] };
  const rows = (Object.keys(things) as Thing[]).map((thing): Row => {
    const bytes = (transport: Transport, figure: keyof Weight) =>
      median(samples[transport].map((sample) => sample[thing][figure]));
    const kb = (transport: Transport) => ({
      heap: round(bytes(transport, "heap") / 1024, 1),
      rss: round(bytes(transport, "rss") / 1024, 1),
    });
    const ratio = (figure: keyof Weight) => {
      const [ours, theirs] = [bytes("wire", figure), bytes("grpc-js", figure)];
      return ours > 0 && theirs > 0 ? round(ours / theirs, 3) : undefined;
    };
    return {
      thing,
      kb: { wire: kb("wire"), "grpc-js": kb("grpc-js") },
      ratio: { heap: ratio("heap"), rss: ratio("rss") },
    };
  });
  const bars = rows.flatMap(({ thing, ratio }) =>
    (["heap", "rss"] as const).flatMap((figure) => {
      const value = ratio[figure];
      return value === undefined ? [] : [judge<MemoryBar>({ thing, figure, at_most: 1 }, value)];
    }),
  );
  return { rows, bars };
}

/** The figures as text for people. */
export function print(samples: Samples, bots: number): string {
  const { rows, bars } = summarize(samples);
  return [
    `memory: of each of ${bots} bots, KB, ${samples.wire.length} rounds; INTERLOCK_TRANSPORT is wire or grpc-js\n`,
    printTable([
      ["", "wire, heap", "grpc-js, heap", "ratio", "wire, resident", "grpc-js, resident", "ratio"],
      ...rows.map(({ thing, kb, ratio }) => [
        things[thing],
        ...(["heap", "rss"] as const).flatMap((figure) => [
          ...transports.map((transport) => kb[transport][figure].toFixed(0)),
          ratio[figure]?.toFixed(2) ?? "",
        ]),
      ]),
    ]),
    ...(bars.length > 0 ? ["wire to grpc-js\n", printBars(bars.map(nameBar))] : []),
  ].join("\n");
}

function nameBar(bar: Judged<MemoryBar>): readonly [string, Judged, number] {
  return [`${bar.figure === "rss" ? "resident" : "heap"}: ${things[bar.thing]}`, bar, 2];
}
