import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "../identity/private-file.js";
import { unreadable } from "../identity/unreadable.js";

/** The authority that a bot belongs to, and its name there. */
export interface AuthorityRecord {
  /** `host:port`. */
  readonly authority: string;
  readonly name: string;
}

/** The file that keeps an {@link AuthorityRecord} beside the bot's identity. */
export interface AuthorityFile {
  /** The record that was saved last; `undefined` when there is none. Rejects when this process may not read it. */
  load(): Promise<AuthorityRecord | undefined>;
  save(record: AuthorityRecord): Promise<void>;
}

/** Keeps the record as `profile.json` in `folder`. */
export function createAuthorityFile(folder: string): AuthorityFile {
  const path = join(folder, "profile.json");
  async function load(): Promise<AuthorityRecord | undefined> {
    const text = await readFile(path, "utf8").catch((error) => {
      const fault = unreadable(path, error);
      if (fault) throw fault;
      return "";
    });
    try {
      const { authority, name }: Partial<AuthorityRecord> = JSON.parse(text);
      return typeof authority === "string" ? { authority, name: typeof name === "string" ? name : "" } : undefined;
    } catch {
      return undefined; // The file is a convenience: without it, the address has to be passed.
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
