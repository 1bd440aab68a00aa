// Makes the secrets of compose.yaml, once: node make-secrets.mjs <folder>. A secret that is there stays as it is.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: node make-secrets.mjs <folder>");

function secret(name, make) {
  const path = join(folder, name);
  if (!existsSync(path)) writeFileSync(path, make(), { mode: 0o400, flag: "wx" });
  return readFileSync(path, "utf8");
}

const password = secret("postgres-password", () => randomBytes(32).toString("base64url"));
secret("key-passphrase", () => randomBytes(32).toString("base64url"));
// The database is in the same network namespace, on loopback.
secret("store-url", () => `postgres://interlock:${password}@127.0.0.1:5432/interlock`);
