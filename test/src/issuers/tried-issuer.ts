import type { fromIssuer } from "@interlock/bot";
import type { TokenForm } from "./clients.js";

/** The options of `fromIssuer`. */
export type IssuerOptions = Parameters<typeof fromIssuer>[0];

/** The algorithms that are tried. */
export type TriedAlgorithm = "RS256" | "ES256";
export const triedAlgorithms: readonly TriedAlgorithm[] = ["RS256", "ES256"];

/** A running issuer with the clients of `clients.ts`. */
export interface TriedIssuer {
  /** The name and the version. */
  readonly name: string;
  readonly algorithm: TriedAlgorithm;
  /** What its page says for `fromIssuer`. */
  readonly options: IssuerOptions;
  /** The forms of tokens that it can issue. */
  readonly forms: ReadonlySet<TokenForm>;
  /** Whether it demands a `resource` (RFC 8707). */
  readonly takesResource: boolean;
  close(): Promise<void>;
}
