import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PageRoute } from "./page-server.js";

/** What a page consists of, besides what every page has. */
export interface PageFiles {
  /** The folder of `index.html` and `style.css`. */
  readonly assets: string;
  /** The folder of the scripts that are served under each path: `{ "/page": "dist/dashboard/page" }`. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Changes the text of `index.html` before it is served. */
  readonly edit?: (html: string) => string;
}

const common = fileURLToPath(new URL("../../page/", import.meta.url));
const kit = fileURLToPath(new URL("./browser/kit/", import.meta.url));
const font = createRequire(import.meta.url).resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2");

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  js: "text/javascript; charset=utf-8",
  woff2: "font/woff2",
};

/**
 * Reads a page and what every page has (`/base.css`, `/icon.svg`, `/inter.woff2`, and the scripts of `/kit`), once: a request's
 * path is never used as a file path. Scripts may import `@interlock/cli/page/kit`, which they get from `/kit/index.js`.
 */
export async function readPage({ assets, scripts, edit = (html) => html }: PageFiles): Promise<Map<string, PageRoute>> {
  const routes = new Map<string, PageRoute>();
  const add = (path: string, body: Buffer) => {
    const headers = { "Content-Type": types[path.split(".").at(-1) ?? ""] ?? "", "Content-Length": body.length };
    routes.set(path, (_, response) => void response.writeHead(200, headers).end(body));
  };
  add("/index.html", Buffer.from(edit(await readFile(join(assets, "index.html"), "utf8"))));
  routes.set("/", routes.get("/index.html") as PageRoute);
  add("/style.css", await readFile(join(assets, "style.css")));
  for (const name of ["base.css", "icon.svg"]) add(`/${name}`, await readFile(join(common, name)));
  add("/inter.woff2", await readFile(font));
  for (const [path, folder] of Object.entries({ "/kit": kit, ...scripts })) {
    for (const name of await readdir(folder)) {
      if (!name.endsWith(".js") || name.endsWith(".test.js")) continue;
      const text = await readFile(join(folder, name), "utf8");
      // A browser finds no package by its name.
      add(`${path}/${name}`, Buffer.from(text.replaceAll('"@interlock/cli/page/kit"', '"/kit/index.js"')));
    }
  }
  return routes;
}
