import { createPageServer, readPage } from "@interlock/cli/page";
import type { Dashboard } from "./options.js";
import { readRecord } from "./record.js";
import { swarmPage } from "./swarm-page.js";

/**
 * Replays the record of a run on a page. Needs no fleet.
 *
 * ```ts
 * const { url } = await startReplay({ file: "run.ndjson" });
 * ```
 *
 * Rejects with an `Error` that names the line if the file is not a record.
 */
export async function startReplay({ file, port = 0 }: { file: string; port?: number }): Promise<Dashboard> {
  const entries = await readRecord(file);
  const record = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  const routes = await readPage(swarmPage("replay"));
  routes.set("/record", (_, response) => {
    response.writeHead(200, { "Content-Type": "application/x-ndjson", "Content-Length": record.length }).end(record);
  });
  return createPageServer(routes, { port, open: true });
}
