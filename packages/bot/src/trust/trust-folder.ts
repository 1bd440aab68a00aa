import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isTrustDomain } from "@interlock/policy";
import { certificatesToPem } from "../identity/pem.js";
import { writePrivateFile } from "../identity/private-file.js";
import { unreadable } from "../identity/unreadable.js";
import { type FederatedDomain, readFederated } from "./federated-domain.js";
import type { TrustState } from "./trust.js";

/** The trust at the time when it was saved. */
export interface SavedTrust {
  readonly state: TrustState;
  /** When the authority last confirmed it, in milliseconds since the epoch; negative infinity when that was not saved. */
  readonly heardAt: number;
}

/** Keeps the trust on the disk, so that a bot can start while the authority is away. */
export interface TrustFolder {
  /** Gives the trust that was saved last, or `undefined`. Rejects when it cannot be read. */
  load(): Promise<SavedTrust | undefined>;
  /** Replaces what was saved. */
  save(trust: SavedTrust): Promise<void>;
}

/** Keeps the trust as `trust.json` in `folder`, and its CA certificates also as `ca.pem`, for other languages. */
export function createTrustFolder(folder: string): TrustFolder {
  const path = join(folder, "trust.json");
  let savedPem: string | undefined;
  return {
    async load() {
      const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw unreadable(path, error);
      });
      if (text === undefined) return undefined;
      try {
        return fromJson(JSON.parse(text));
      } catch (cause) {
        throw new Error(`${path} cannot be read. Move it away and join again.`, { cause });
      }
    },
    async save(trust) {
      const pem = certificatesToPem(trust.state.caCertificates);
      if (pem !== savedPem) await writePrivateFile(join(folder, "ca.pem"), pem);
      savedPem = pem;
      await writePrivateFile(path, `${JSON.stringify(toJson(trust), undefined, 2)}\n`);
    },
  };
}

function toJson({ state, heardAt }: SavedTrust): object {
  return {
    ...state,
    heardAt,
    version: String(state.version),
    caCertificates: state.caCertificates.map(toBase64),
    ...(state.federated && {
      federated: state.federated.map((domain) => ({
        ...domain,
        caCertificates: domain.caCertificates.map(toBase64),
      })),
    }),
  };
}

const toBase64 = (der: Uint8Array) => Buffer.from(der).toString("base64");
const fromBase64 = (text: unknown) => Uint8Array.from(Buffer.from(String(text), "base64"));

function fromJson({ heardAt, ...json }: { [K in keyof TrustState | "heardAt"]: unknown }): SavedTrust {
  return { state: stateFromJson(json), heardAt: typeof heardAt === "number" ? heardAt : Number.NEGATIVE_INFINITY };
}

function stateFromJson(json: { [K in keyof TrustState]: unknown }): TrustState {
  const { version, trustDomain, issuer, formerIssuers = [], caCertificates, activeCa, jwks, revocations } = json;
  const { cutOffs = [], retired = [], federated = [], staleAfterMs } = json;
  if (typeof trustDomain !== "string" || !isTrustDomain(trustDomain)) throw new Error("no trust domain");
  if (typeof issuer !== "string" || typeof staleAfterMs !== "number") throw new Error("no issuer, or no bound");
  if (!Array.isArray(formerIssuers)) throw new Error("no former issuers");
  if (!Array.isArray(caCertificates) || caCertificates.length === 0) throw new Error("no CA");
  if (!Array.isArray(revocations)) throw new Error("no revocations");
  if (!Array.isArray((jwks as Partial<TrustState["jwks"]> | null)?.keys)) throw new Error("no token keys");
  if (!Array.isArray(cutOffs)) throw new Error("no cut-offs");
  if (!Array.isArray(retired)) throw new Error("no retired methods");
  if (!Array.isArray(federated)) throw new Error("no federated trust domains");
  return {
    version: BigInt(String(version)),
    trustDomain,
    issuer,
    formerIssuers,
    caCertificates: caCertificates.map(fromBase64),
    ...(typeof activeCa === "string" && { activeCa }),
    jwks: jwks as TrustState["jwks"],
    revocations,
    cutOffs,
    ...(retired.length > 0 && { retired }),
    ...(federated.length > 0 && { federated: readFederated(federated.map(federatedFromJson), trustDomain) }),
    staleAfterMs,
  };
}

function federatedFromJson(json: { [K in keyof FederatedDomain]?: unknown }): FederatedDomain {
  const { trustDomain, caCertificates, services, identities, since } = json ?? {};
  return {
    trustDomain: String(trustDomain),
    caCertificates: Array.isArray(caCertificates) ? caCertificates.map(fromBase64) : [],
    services: textsOf(services),
    identities: textsOf(identities),
    since: typeof since === "number" ? since : Number.NaN,
  };
}

function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}
