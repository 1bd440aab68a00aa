import { parseArgs } from "node:util";
import { findKeycloak, withoutKeycloak } from "./find-keycloak.js";
import { createFleet } from "./fleet.js";
import { type RunningKeycloak, startKeycloak } from "./keycloak.js";
import { type Cell, formatMatrix, playCell, rows } from "./matrix.js";
import { runsOidcProvider, startOidcProvider } from "./oidc-provider.js";
import { openStage } from "./stage.js";
import { type TriedIssuer, triedAlgorithms } from "./tried-issuer.js";

const help = `Usage: npm run issuers -- [options]

Calls between bots with tokens of real issuers: what works with each, and that attacks are refused.

Options:
  --json      print one JSON object a line for each cell of the table
  --help      print this

Exit code: 0 when every cell is as it has to be.
`;

const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({ options: { json: flag, help: flag } });
if (values.help) process.stdout.write(help);
else process.exit((await print()) ? 0 : 1);

/** Prints the table, and gives whether all of it is as it has to be. */
async function print(): Promise<boolean> {
  const cells: Cell[] = [];
  const fleet = await createFleet();
  const issuers: TriedIssuer[] = [];
  let keycloak: RunningKeycloak | undefined;
  try {
    if (runsOidcProvider)
      for (const algorithm of triedAlgorithms) issuers.push(await startOidcProvider(algorithm, fleet));
    else process.stderr.write("skipped: oidc-provider 9 needs a Node with URL.parse, such as 22\n");
    const home = findKeycloak();
    if (home) keycloak = await startKeycloak(home, fleet);
    else process.stderr.write(`skipped: ${withoutKeycloak}\n`);
    for (const issuer of [...issuers, ...(keycloak?.issuers ?? [])]) {
      const stage = openStage(issuer, fleet);
      for (const row of rows) {
        const cell = await playCell(stage, row);
        cells.push(cell);
        if (values.json) process.stdout.write(`${JSON.stringify(cell)}\n`);
      }
      await stage.close();
    }
  } finally {
    await keycloak?.stop();
    for (const issuer of issuers) await issuer.close();
  }
  const failed = cells.filter(({ ok }) => !ok).length;
  if (!values.json)
    process.stdout.write(`${formatMatrix(cells)}\n\n${cells.length - failed} cells ok, ${failed} not.\n`);
  return failed === 0;
}
