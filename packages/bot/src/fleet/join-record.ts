import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createKeyPair, type KeyPair, readKeyPair } from "../identity/key-pair.js";
import { writePrivateFile } from "../identity/private-file.js";

/** The record of the join token that a bot joins with, and of its key until the certificate is on the disk. */
export interface JoinRecord {
  /** Whether this join token is of no further use: the bot has joined with it, or found that it can no longer be used. */
  isSpent(joinToken: string): Promise<boolean>;
  /**
   * Gives the key to join with: that of an earlier attempt with the same token, which the authority accepts again, or a new one.
   * The key is on the disk when this resolves.
   */
  begin(joinToken: string): Promise<KeyPair>;
  /** Forgets the key: the identity has been saved, or the token can no longer be used. */
  end(joinToken: string): Promise<void>;
}

interface Content {
  /** The SHA-256 of the join token, base64url. */
  readonly joinToken: string;
  /** The private key (PKCS #8, PEM) while the join is under way. */
  readonly key?: string | undefined;
}

/** Keeps the record as `join.json` (mode 0600) in `folder`. */
export function createJoinRecord(folder: string): JoinRecord {
  const path = join(folder, "join.json");
  const save = (content: Content) => writePrivateFile(path, `${JSON.stringify(content, undefined, 2)}\n`);

  async function load(joinToken: string): Promise<Content | undefined> {
    try {
      const content: Partial<Content> = JSON.parse(await readFile(path, "utf8"));
      return content.joinToken === hashOf(joinToken) ? { joinToken: content.joinToken, key: content.key } : undefined;
    } catch {
      return undefined; // Without a record, the token may have been used in vain, and nothing worse.
    }
  }

  return {
    async isSpent(joinToken) {
      const content = await load(joinToken);
      return content !== undefined && content.key === undefined;
    },
    async begin(joinToken) {
      const key = (await load(joinToken))?.key;
      const earlier = key === undefined ? undefined : await readKeyPair(key).catch(() => undefined);
      if (earlier) return earlier;
      const keys = await createKeyPair();
      await save({ joinToken: hashOf(joinToken), key: keys.privateKeyPem });
      return keys;
    },
    end: (joinToken) => save({ joinToken: hashOf(joinToken) }),
  };
}

function hashOf(joinToken: string): string {
  return createHash("sha256").update(joinToken.trim()).digest("base64url");
}
