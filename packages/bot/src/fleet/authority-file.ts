import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "../identity/private-file.js";

/** Which authority a bot belongs to, and under which name. */
export interface AuthorityRecord {
  /** `host:port`. */
  readonly authority: string;
  readonly name: string;
}

/** Keeps it beside the bot's identity, so that it need not be said again. */
export interface AuthorityFile {
  /** What was saved last; `undefined` when there is nothing that can be read. */
  load(): Promise<AuthorityRecord | undefined>;
  save(record: AuthorityRecord): Promise<void>;
}

/** Keeps it as `profile.json` in `folder`. */
export function createAuthorityFile(folder: string): AuthorityFile {
  const path = join(folder, "profile.json");
  async function load(): Promise<AuthorityRecord | undefined> {
    try {
      const { authority, name }: Partial<AuthorityRecord> = JSON.parse(await readFile(path, "utf8"));
      return typeof authority === "string" ? { authority, name: typeof name === "string" ? name : "" } : undefined;
    } catch {
      return undefined; // It is a convenience: whoever needs it is told to say it.
    }
  }
  return {
    load,
    async save(record) {
      const known = await load();
      if (known?.authority === record.authority && known.name === record.name) return;
      await writePrivateFile(path, `${JSON.stringify(record, undefined, 2)}\n`);
    },
  };
}
