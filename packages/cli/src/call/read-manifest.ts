import { readFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import { unreadable } from "@interlock/bot/internal";
import type { Manifest } from "@interlock/policy";

/** What to do about a manifest or descriptors that are missing or damaged. */
export const notGenerated = 'run "interlock generate" first, in the project\'s folder';

/** Reads a manifest with the files and the messages of its services. Rejects with `FAILED_PRECONDITION` without one. */
export async function readManifest(path: string): Promise<Manifest> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw (
      unreadable(path, cause) ??
      new InterlockError("FAILED_PRECONDITION", `There is no ${path}: ${notGenerated}.`, { cause })
    );
  });
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.services.every(({ name, methods }) => typeof name === "string" && Array.isArray(methods))) {
      return manifest;
    }
  } catch {}
  throw new InterlockError("FAILED_PRECONDITION", `${path} is damaged: ${notGenerated}.`);
}
