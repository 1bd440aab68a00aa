import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RetiredThing } from "./retire-options.js";

/** How many files are searched, how deep in folders, and how large one may be, in bytes. */
const [maximumFiles, maximumDepth, maximumBytes] = [1_000, 8, 4_194_304];

/**
 * Searches files for a retired subject: its name, or one of its addresses, in one text or as Envoy writes it, with the port
 * some words after the host.
 *
 * @param paths - Files and folders; one that does not exist names nothing.
 * @returns What is left to do, each in a sentence; empty when no file names it.
 */
export async function checkFiles(paths: readonly string[], thing: RetiredThing): Promise<string[]> {
  const words = wordsOf(thing);
  const files: string[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    const isWhole = await collect(path, files, 0);
    if (!isWhole) faults.push(`${path} has more than ${maximumFiles} files, or cannot be read: name fewer.`);
  }
  for (const file of files) {
    const text = await readText(file);
    if (text === undefined) faults.push(`${file} cannot be read, or is above ${maximumBytes} bytes.`);
    else if (words.some((word) => word.test(text))) faults.push(`${file} still names it.`);
  }
  return faults;
}

function wordsOf({ subject: { kind, name }, addresses }: RetiredThing): RegExp[] {
  // A method is below its service, and no bot below another.
  const after = kind === "service" ? "(?![\\w-]|\\.\\w)" : "(?![\\w/-]|\\.\\w)";
  const named = new RegExp(`(?<![\\w./-])(?:spiffe://[\\w.-]+/|/)?${escaped(name)}${after}`);
  if (kind !== "bot") return [named];
  return [
    named,
    ...addresses.flatMap((address) => {
      const found = /^\[?(.+?)\]?:(\d{1,5})$/.exec(address);
      if (!found) return [];
      const [, host = "", port = ""] = found;
      const between = `(?:\\]?:|[^\\n]{0,40}(?:\\n[^\\n]{0,40}){0,2}?port\\w*["']?\\s*[:=]\\s*["']?)`;
      return [new RegExp(`(?<![\\w.])${escaped(host)}(?![\\w-]|\\.\\w)${between}${port}(?!\\d)`)];
    }),
  ];
}

async function collect(path: string, files: string[], depth: number): Promise<boolean> {
  if (files.length >= maximumFiles || depth > maximumDepth) return false;
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) return found.code === "ENOENT";
  if (!found.isDirectory()) {
    // A pipe, a socket or a device names nothing, and reading it may never end.
    if (found.isFile()) files.push(path);
    return found.isFile() || depth > 0;
  }
  const names: string[] | undefined = await readdir(path).catch(() => undefined);
  if (!names) return false;
  // Links are followed, as programs follow them: a site of nginx that is enabled is one. The bounds end a circle.
  for (const name of names) {
    if (name === ".git" || name === "node_modules") continue;
    if (!(await collect(join(path, name), files, depth + 1))) return false;
  }
  return true;
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return (await stat(file)).size > maximumBytes ? undefined : await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
