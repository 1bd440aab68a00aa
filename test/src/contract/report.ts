import { styleText } from "node:util";
import type { Result } from "./row.js";

/** Reports the results of the rows, one by one. */
export interface Report {
  row(result: Result): void;
  end(): void;
}

/** Creates a report: one JSON object per line for programs, or a table for people, with color if available. */
export function createReport(json: boolean): Report {
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  if (json) return { row: (result) => write(JSON.stringify(result)), end() {} };
  const plain = !process.stdout.isTTY || process.env.NO_COLOR;
  const paint = (style: Parameters<typeof styleText>[0], text: string) => (plain ? text : styleText(style, text));
  const count = { ok: 0, failed: 0, skipped: 0, variants: 0 };
  return {
    row({ row, attack, answer, variants, ms, ok, skipped, problems = [] }) {
      const outcome = skipped ? "skipped" : ok ? "ok" : "failed";
      count[outcome]++;
      count.variants += variants;
      const mark = { ok: paint("green", "✔"), failed: paint("red", "✘"), skipped: paint("yellow", "–") }[outcome];
      write(`${mark} ${String(row).padStart(2)}  ${attack}`);
      const told = skipped ? skipped : `${variants} ${variants === 1 ? "attack" : "attacks"}, ${ms} ms: ${answer}`;
      write(paint("dim", `      ${told}`));
      for (const problem of problems) write(paint("red", `      ${problem}`));
    },
    end() {
      const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
      write(`\n${count.ok} rows ok, ${count.failed} failed${skipped}; ${count.variants} attacks.`);
    },
  };
}
