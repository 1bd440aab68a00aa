import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from "node:crypto";
import { promisify } from "node:util";

/** The beginning of every sealed file. */
const prefix = "interlock-sealed-1 ";

// 32 MiB and about 100 ms for every guess (RFC 7914). Each file contains its cost, so that it can be raised later.
const cost = { N: 2 ** 15, r: 8, p: 1 } as const;
const maximumCost = 2 ** 20;

interface Sealed {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
  /** base64url, like the fields below. */
  readonly salt: string;
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
}

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** Whether `text` is sealed. */
export function isSealed(text: string): boolean {
  return text.startsWith(prefix);
}

/**
 * Encrypts `text` with AES-256-GCM. scrypt derives the key from the passphrase. `name` is authenticated with it: the
 * text can be unsealed only with the same name, so that files cannot be swapped.
 */
export async function seal(text: string, passphrase: string, name: string): Promise<string> {
  const salt = randomBytes(16);
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await keyOf(passphrase, salt, cost), iv).setAAD(Buffer.from(name));
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const sealed: Sealed = {
    cost,
    salt: salt.toString("base64url"),
    iv: iv.toString("base64url"),
    tag: cipher.getAuthTag().toString("base64url"),
    data: data.toString("base64url"),
  };
  return `${prefix}${JSON.stringify(sealed)}\n`;
}

/** Decrypts a text of {@link seal}. Rejects when passphrase or name are wrong, and when the text was changed. */
export async function unseal(text: string, passphrase: string, name: string): Promise<string> {
  const { cost: given, salt, iv, tag, data }: Sealed = JSON.parse(text.slice(prefix.length));
  const key = await keyOf(passphrase, Buffer.from(salt, "base64url"), given);
  const options = { authTagLength: 16 };
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(iv, "base64url"), options);
  decipher.setAAD(Buffer.from(name)).setAuthTag(Buffer.from(tag, "base64url"));
  return Buffer.concat([decipher.update(Buffer.from(data, "base64url")), decipher.final()]).toString("utf8");
}

function keyOf(passphrase: string, salt: Buffer, { N, r, p }: Sealed["cost"]): Promise<Buffer> {
  if (N * r * p > maximumCost * 8) throw new Error("the cost of its key derivation is out of range");
  return derive(passphrase.normalize("NFKC"), salt, 32, { N, r, p, maxmem: 256 * N * r });
}
