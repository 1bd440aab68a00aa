import type { Act } from "./act.js";

/** Certificates live for 20 s here, and are renewed at half of that. */
const patienceMs = 15_000;

export const rotation: Act = {
  name: "rotation",
  title: "Certificates of 20 s are renewed throughout, under calls and a stream",
  bars: [],
  verdict: "survived",
  expected: "0 calls failed, every robot's certificate renewed",
  async play({ fleet, chronicle, steady }) {
    const began = performance.now();
    const renewed = (name: string) =>
      new Set(
        chronicle
          .all("credential")
          .filter(({ from }) => from === name)
          .map(({ expiresAt }) => expiresAt),
      ).size - 1;
    const names = [fleet.floor, fleet.leader, ...fleet.workers].map(({ name }) => name).concat("operator/1");
    const late = names.filter((name) => renewed(name) < 1);
    const next = late.map((from) =>
      chronicle.until("credential", (said) => said.from === from, Date.now(), patienceMs),
    );
    await Promise.all(next);
    const count = names.reduce((sum, name) => sum + renewed(name), 0);
    const each = names.every((name) => renewed(name) >= 1);
    const { calls, failures } = steady;
    const why = failures.length > 0 ? ` (${failures[0]})` : "";
    const seen = `${failures.length} of ${calls} calls failed${why}, ${count} certificates renewed`;
    return { seen, ms: performance.now() - began, ok: failures.length === 0 && calls > 0 && each };
  },
};
