import { parseArgs } from "node:util";
import type { Seen } from "./group.js";
import { table } from "./table.js";

const help = `Usage: npm run specifications -- [options]

Holds identity files, keys of issuers, certificates, chains, SPIFFE IDs and tokens against their specifications, case by case.

Options:
  --json      print one JSON object a line for each case
  --help      print this

Exit code: 0 when every case is seen as its specification has it.
`;

const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({ options: { json: flag, help: flag } });
const write = (line: string) => void process.stdout.write(`${line}\n`);
if (values.help) process.stdout.write(help);
else process.exit((await print()) ? 0 : 1);

/** Prints the table, and gives whether all of it is as expected. */
async function print(): Promise<boolean> {
  const count = { ok: 0, failed: 0 };
  for (const group of table) {
    if (!values.json) write(`\n${group.title}\n  ${row("case", "expected", "seen", "section")}`);
    const stage = await group.open();
    for (const [at, { name, section, expected }] of group.cases.entries()) {
      const seen = await stage.see(at).catch((error): Seen & { readonly error: true } => {
        return { verdict: expected, detail: String(error), error: true };
      });
      const ok = !("error" in seen) && seen.verdict === expected;
      count[ok ? "ok" : "failed"] += 1;
      const { verdict, detail } = seen;
      if (values.json)
        write(JSON.stringify({ group: group.title, case: name, section, expected, seen: verdict, detail, ok }));
      else write(`${ok ? "✔" : "✘"} ${row(name, expected, verdict, section)}${detail ? `  (${detail})` : ""}`);
    }
    await stage.close();
  }
  if (!values.json) write(`\n${count.ok} cases as specified, ${count.failed} not; Node ${process.versions.node}.`);
  return count.failed === 0;
}

function row(name: string, expected: string, seen: string, section: string): string {
  return [name.slice(0, 72).padEnd(72), expected.padEnd(8), seen.padEnd(8), section].join("  ");
}
