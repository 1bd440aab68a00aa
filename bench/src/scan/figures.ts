import { printTable } from "../print-table.js";
import { round, type Spread, spread } from "../statistics.js";

/** One scan. */
export interface Taken {
  readonly cpuMs: number;
  readonly wallMs: number;
  /** How many ports were shown. */
  readonly open: number;
  /** Ports that have listened all along, and were not shown. */
  readonly missed: readonly number[];
  /** Ports that were shown, and on which nobody listens. */
  readonly invented: readonly number[];
  /** Ports that were shown, and may have listened between two looks at the kernel's list, since that changed meanwhile. */
  readonly unexplained: readonly number[];
}

/** One round. */
export interface Sample {
  readonly interlock: Taken;
  readonly nmap: Taken | undefined;
}

export function isExact({ missed, invented }: Taken): boolean {
  return missed.length === 0 && invented.length === 0;
}

/** The figures for `--json`. Those of nmap are undefined where there is none. */
export function summarize(samples: readonly Sample[]) {
  const pairs = samples.flatMap(({ interlock, nmap }) => (nmap ? [{ interlock, nmap }] : []));
  const ratio = (of: (taken: Taken) => number) => figures(pairs.map(({ interlock, nmap }) => of(interlock) / of(nmap)));
  return {
    rounds: samples.length,
    interlock: summarizeTaken(samples.map(({ interlock }) => interlock)),
    nmap: summarizeTaken(pairs.map(({ nmap }) => nmap)),
    ratios: pairs.length > 0 ? { cpu: ratio(({ cpuMs }) => cpuMs), wall: ratio(({ wallMs }) => wallMs) } : undefined,
  };
}

function summarizeTaken(taken: readonly Taken[]) {
  if (taken.length === 0) return undefined;
  return {
    cpu_ms: figures(taken.map(({ cpuMs }) => cpuMs)),
    wall_ms: figures(taken.map(({ wallMs }) => wallMs)),
    exact: taken.filter(isExact).length,
    missed: taken.flatMap(({ missed }) => missed),
    invented: taken.flatMap(({ invented }) => invented),
    unexplained: taken.flatMap(({ unexplained }) => unexplained),
  };
}

function figures(values: readonly number[]): Spread {
  const { median, min, max } = spread(values);
  return { median: round(median, 2), min: round(min, 2), max: round(max, 2) };
}

/** The figures of one round, as a line for people. */
export function describeSample({ interlock, nmap }: Sample): string {
  const part = (name: string, taken: Taken) =>
    `${name} ${taken.wallMs.toFixed(0)} ms, CPU ${taken.cpuMs.toFixed(0)} ms, ${verdict(taken)}`;
  return [part("interlock", interlock), ...(nmap ? [part("nmap", nmap)] : [])].join("; ");
}

function verdict({ open, missed, invented, unexplained }: Taken): string {
  const faults = [
    ...(missed.length > 0 ? [`missed ${missed.join(", ")}`] : []),
    ...(invented.length > 0 ? [`invented ${invented.join(", ")}`] : []),
  ];
  const doubt = unexplained.length > 0 ? ` but for ${unexplained.join(", ")}, which nobody has looked at in time` : "";
  return faults.length > 0 ? faults.join(", ") : `${open} ports, exact${doubt}`;
}

/** The figures as a table for people. */
export function printSamples(samples: readonly Sample[], nmapVersion: string | undefined): string {
  const { interlock, nmap, ratios } = summarize(samples);
  const cells = ({ median, min, max }: Spread, decimals: number) =>
    `${median.toFixed(decimals)} (${min.toFixed(decimals)}–${max.toFixed(decimals)})`;
  const row = (name: string, taken: typeof interlock) =>
    taken ? [[name, cells(taken.cpu_ms, 0), cells(taken.wall_ms, 0), `${taken.exact} of ${samples.length}`]] : [];
  const rows = [
    ["", "CPU ms", "wall ms", "exact"],
    ...row("interlock", interlock),
    ...row(`nmap ${nmapVersion}`, nmap),
    ...(ratios ? [["interlock / nmap", cells(ratios.cpu, 2), cells(ratios.wall, 2), ""]] : []),
  ];
  return `scan: every TCP port of 127.0.0.1, each process from its start to its end\n\n${printTable(rows)}`;
}
