import type { JWK } from "jose";
import { calculateJwkThumbprint } from "jose/jwk/thumbprint";
import { exportJWK } from "jose/key/export";
import { generateKeyPair } from "jose/key/generate/keypair";
import { importJWK } from "jose/key/import";
import type { KeyVault } from "../key-vault/key-vault.js";

/** The algorithm of token signatures. */
export type PrivateKey = Awaited<ReturnType<typeof importJWK>>;

/** The private token keys. */
export interface TokenKeys {
  /** Creates a key. Returns its public JWK with its `kid` (RFC 7638), and the private key. */
  create(): Promise<{ readonly publicJwk: JWK & { readonly kid: string }; readonly privateKey: PrivateKey }>;
  /** Reads a private key. Rejects when it is missing, with an error that says what to do. */
  load(kid: string): Promise<PrivateKey>;
  delete(kid: string): Promise<void>;
  /** Lists the `kid`s of all keys. */
  list(): Promise<string[]>;
}

/** Creates the private token keys in a vault: JWKs with names `token-<kid>.key`. */
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
