import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { KeyVault } from "../key-vault/key-vault.js";

/** What tokens are signed with. */
export type PrivateKey = Awaited<ReturnType<typeof importJWK>>;

/** The private halves of token keys. */
export interface TokenKeys {
  /** Makes a key, and gives its public half, with its `kid` (RFC 7638), and the private one. */
  create(): Promise<{ readonly publicJwk: JWK & { readonly kid: string }; readonly privateKey: PrivateKey }>;
  /** The private key. Rejects, saying what to do, when it is not there. */
  load(kid: string): Promise<PrivateKey>;
  delete(kid: string): Promise<void>;
  /** The `kid`s of all there are. */
  list(): Promise<string[]>;
}

/** Keeps private token keys in a vault, as JWKs named `token-<kid>.key`. */
export function createTokenKeys(vault: KeyVault): TokenKeys {
  const nameOf = (kid: string) => `token-${kid}.key`;
  return {
    async create() {
      const { privateKey } = await generateKeyPair("ES256", { extractable: true });
      const { d, ...rest } = await exportJWK(privateKey);
      const kid = await calculateJwkThumbprint(rest);
      const publicJwk = { ...rest, kid, alg: "ES256", use: "sig" };
      await vault.write(nameOf(kid), JSON.stringify({ ...publicJwk, d }));
      return { publicJwk, privateKey };
    },
    async load(kid) {
      const text = await vault.read(nameOf(kid));
      if (text === undefined) throw vault.missing(nameOf(kid));
      return importJWK(JSON.parse(text), "ES256");
    },
    delete: (kid) => vault.remove(nameOf(kid)),
    list: async () => (await vault.names()).flatMap((name) => /^token-(.+)\.key$/.exec(name)?.[1] ?? []),
  };
}
