import { parseArgs } from "node:util";
import { checkGuards } from "./check-guards.js";
import { playRow } from "./play-row.js";
import { createReport } from "./report.js";
import { rows } from "./rows.js";

const help = `Usage: npm run contract -- [options]

Plays the security contract: each row's attacks against real servers, after a control that succeeds.

Options:
  --row <n>   only this row; may be given several times
  --bail      end a row at the first attack that gets through
  --guards    instead, take each guard away in turn, and see that its row fails
  --json      print one JSON object a line for each row
  --help      print this

Exit code: 0 when every row that can be played is as the contract has it.
`;

const { values } = readArguments();
const wanted = values.row?.map(Number);
if (values.help) {
  process.stdout.write(help);
} else if (values.guards) {
  process.exitCode = (await checkGuards(wanted, values.json)) ? 0 : 1;
} else {
  const chosen = rows.filter(({ row }) => wanted?.includes(row) ?? true);
  const unknown = wanted?.find((number) => !rows.some(({ row }) => row === number));
  if (unknown !== undefined) fail(`there is no row ${unknown}: rows are 1 to ${rows.at(-1)?.row}`);
  const report = createReport(values.json);
  let failed = false;
  for (const row of chosen) {
    const result = await playRow(row, values);
    report.row(result);
    if (!result.ok && result.skipped === undefined) failed = true;
  }
  report.end();
  // Open ends of attackers' connections must not keep the process alive.
  process.exit(failed ? 1 : 0);
}

function readArguments() {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      options: { json: flag, help: flag, bail: flag, guards: flag, row: { type: "string", multiple: true } },
    });
  } catch (error) {
    fail((error as Error).message);
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
