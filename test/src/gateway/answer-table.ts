import type { Answer } from "../contract/row.js";

/** What a row of the contract is answered, by a bot and by Envoy in front of it. */
export interface AnswerRow {
  readonly row: number;
  readonly attack: string;
  readonly contract: readonly Answer[];
  readonly envoy: readonly Answer[];
  /** Why they differ; empty where they do not. */
  readonly why: string;
}

const same = (row: number, attack: string, ...contract: readonly Answer[]): AnswerRow => ({
  row,
  attack,
  contract,
  envoy: contract,
  why: "",
});

const takenByTls =
  "Envoy's TLS takes some of these; the authorization service refuses their calls, and the connection stays";

/** The rows that are played against Envoy. docs/envoy.md has those that differ. */
export const answerTable: readonly AnswerRow[] = [
  same(1, "plaintext HTTP/2 to the TLS port", "close"),
  same(2, "no client certificate", "close"),
  same(3, "client certificate from another CA", "close"),
  same(4, "client certificate that has expired, or is not valid yet", "close"),
  same(7, "TLS 1.2", "close"),
  { row: 8, attack: "leaf without clientAuth", contract: ["close"], envoy: ["close", 16], why: takenByTls },
  { row: 9, attack: "leaf that is a CA, or may sign", contract: ["close"], envoy: ["close", 16], why: takenByTls },
  { row: 10, attack: "no SPIFFE ID, or two", contract: ["close"], envoy: ["close", 16], why: takenByTls },
  { row: 11, attack: "crafted names (CVE-2021-44532)", contract: ["close"], envoy: ["close", 16], why: takenByTls },
  same(13, "another trust domain", "close"),
  same(16, "token missing, or not Bearer", 16),
  same(17, "alg none, wrong algorithm, wrong signature", 16),
  same(18, "a key in the token's own header; unknown crit", 16),
  same(19, "wrong issuer, audience or type", 16),
  same(20, "expired, not valid yet, too long a life", 16),
  same(21, "stolen token; wrong binding", 16),
  same(22, "unknown key", 16),
  same(23, "revoked bot", 16),
  same(25, "scope missing", 7),
  {
    row: 26,
    attack: "path that is not quite one",
    contract: [12, "close"],
    envoy: [12, 13, "close"],
    why: "a path with `#` is no HTTP to Envoy, which answers 400; gRPC reads that as 13",
  },
  {
    row: 35,
    attack: "reflection without a scope",
    contract: [16, 7],
    envoy: [12],
    why: "the manifest does not name it, so it is not behind the door, with a scope or without",
  },
];

/** The rows that differ, each as the cells of the table in docs/envoy.md. */
export function differences(rows: readonly AnswerRow[]): string[][] {
  const words = (answers: readonly Answer[]) => answers.join(" or ");
  return rows
    .filter(({ why }) => why !== "")
    .map(({ row, attack, contract, envoy, why }) => [`${row}`, attack, words(contract), words(envoy), why]);
}
