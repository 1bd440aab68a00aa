import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { PageRoute } from "./page-server.js";

const assets = fileURLToPath(new URL("../../page/", import.meta.url));
const scripts = fileURLToPath(new URL("./", import.meta.url));

const font = createRequire(import.meta.url).resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2");

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  js: "text/javascript; charset=utf-8",
  woff2: "font/woff2",
};

/** Reads the page and its files, once: a request's path is never used as a file path. */
export async function pageRoutes(source: "live" | "replay"): Promise<Map<string, PageRoute>> {
  const routes = new Map<string, PageRoute>();
  const add = (path: string, body: Buffer) => {
    const headers = { "Content-Type": types[path.split(".").at(-1) ?? ""] ?? "", "Content-Length": body.length };
    routes.set(path, (_, response) => void response.writeHead(200, headers).end(body));
  };
  const html = await readFile(`${assets}index.html`, "utf8");
  add("/index.html", Buffer.from(html.replace('data-source=""', `data-source="${source}"`)));
  routes.set("/", routes.get("/index.html") as PageRoute);
  for (const name of ["style.css", "icon.svg"]) add(`/${name}`, await readFile(assets + name));
  add("/inter.woff2", await readFile(font));
  for (const folder of ["page", "model"]) {
    for (const name of await readdir(scripts + folder)) {
      const served = name.endsWith(".js") && !name.endsWith(".test.js");
      if (served) add(`/${folder}/${name}`, await readFile(`${scripts}${folder}/${name}`));
    }
  }
  return routes;
}
