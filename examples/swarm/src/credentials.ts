import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceDefinition } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { rawCall } from "./raw-client.js";

/** A private key and a certificate with its chain, PEM. */
export interface Credentials {
  readonly key: string;
  readonly certificate: string;
}

/** Reads the credentials in a bot's state folder, as an attacker on its machine could. */
export async function readCredentials(stateDir: string): Promise<Credentials> {
  const pem = await readFile(join(stateDir, "identity.pem"), "utf8");
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(pem)?.[0] ?? "";
  return { key, certificate: pem.replace(key, "") };
}

/** Fetches a token in the same way as its owner. */
export async function fetchToken(
  authority: { readonly address: string; readonly ca: string },
  identity: Credentials,
  { name: audience }: ServiceDefinition,
  scopes: readonly string[],
): Promise<string> {
  const { issueToken: method } = AuthorityService.methods;
  const request = { audience, scopes: [...scopes] };
  return (await rawCall({ ...authority, identity, method, request })).token;
}
