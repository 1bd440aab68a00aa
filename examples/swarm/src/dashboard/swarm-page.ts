import { fileURLToPath } from "node:url";
import type { PageFiles } from "@interlock/cli/page";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page of the swarm's dashboard, for a running swarm or for the record of a run. */
export function swarmPage(source: "live" | "replay"): PageFiles {
  return {
    assets: folder("../../page/"),
    scripts: { "/page": folder("./page/"), "/model": folder("./model/") },
    edit: (html) => html.replace('data-source=""', `data-source="${source}"`),
  };
}
