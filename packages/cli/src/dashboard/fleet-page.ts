import { fileURLToPath } from "node:url";
import type { PageFiles } from "./read-page.js";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page of `interlock dashboard`. */
export const fleetPage: PageFiles = {
  assets: folder("../../page/"),
  scripts: { "/page": folder("./browser/page/"), "/model": folder("./model/") },
};
