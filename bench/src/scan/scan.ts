import type { Benchmark } from "../benchmark.js";
import { roundName, roundNames } from "../round-names.js";
import { describeSample, isExact, printSamples, type Sample, summarize } from "./figures.js";
import { plantListeners } from "./planted-listeners.js";
import { takeScan } from "./take-scan.js";
import { timeCommand } from "./time-command.js";

/**
 * Every TCP port of 127.0.0.1, beside `nmap -sT -p-`, by turns. It judges whether the ports are those of the kernel: `ok` is
 * false where a port is missed, or one is shown on which nobody listens.
 */
export const scan: Benchmark = {
  summary: "the 65,535 ports of 127.0.0.1, beside nmap and the kernel's own list",
  start({ rounds = 20, progress }) {
    const samples: Sample[] = [];
    let nmap: string | undefined;
    return {
      parts: roundNames(rounds),
      async measure(done) {
        nmap = await nmapVersion(progress);
        const planted = await plantListeners();
        try {
          for (let round = 1; round <= rounds; round++) {
            const sample = await measureRound(round, nmap !== undefined, planted.ports);
            samples.push(sample);
            progress(`round ${round}: ${describeSample(sample)}`);
            done(roundName(round));
          }
        } finally {
          planted.close();
        }
      },
      result: () => ({
        ok: samples.every(({ interlock }) => isExact(interlock)),
        json: { benchmark: "scan", node: process.version, nmap_version: nmap, ...summarize(samples) },
        text: printSamples(samples, nmap),
      }),
    };
  },
};

/** The version of nmap; `undefined` where there is none, which is told. */
async function nmapVersion(progress: (line: string) => void): Promise<string | undefined> {
  try {
    const { stdout } = await timeCommand("nmap", ["--version"]);
    return /Nmap version (\S+)/.exec(stdout)?.[1] ?? "";
  } catch {
    progress("skipped: nmap (it is not installed, so that nothing is compared with it)");
    return undefined;
  }
}

/** The two take turns at being the first. */
async function measureRound(round: number, withNmap: boolean, planted: readonly number[]): Promise<Sample> {
  if (!withNmap) return { interlock: await takeScan("interlock", planted), nmap: undefined };
  if (round % 2 === 0) {
    const nmap = await takeScan("nmap", planted);
    return { interlock: await takeScan("interlock", planted), nmap };
  }
  const interlock = await takeScan("interlock", planted);
  return { interlock, nmap: await takeScan("nmap", planted) };
}
