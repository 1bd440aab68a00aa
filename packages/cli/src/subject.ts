import { InterlockError } from "@interlock/bot";
import { isBotName } from "@interlock/policy";
import type { Command } from "commander";

/** What a command line names to be locked out, or let in again. */
export interface SubjectOptions {
  readonly certificate?: string;
  readonly token?: string;
}

/** The subject of a request, as it goes over the wire. */
export type Subject = ReturnType<typeof subjectOf>;

/** Adds to a command what names a subject. */
export function withSubject(command: Command): Command {
  return command
    .argument("[name]", "a bot's name, or an identity pattern such as 'worker/*'")
    .option("--certificate <serial>", "a certificate instead, by its serial number in hex")
    .option("--token <jti>", "a token instead, by its jti");
}

/** The subject that is named. Throws `INVALID_ARGUMENT` when that is not exactly one. */
export function subjectOf(trustDomain: string, name: string | undefined, { certificate, token }: SubjectOptions) {
  if ([name, certificate, token].filter((given) => given !== undefined).length !== 1) {
    throw new InterlockError("INVALID_ARGUMENT", "Name one: a bot or a pattern, --certificate, or --token.");
  }
  if (certificate !== undefined) return { $case: "certificateSerial", value: certificate.toLowerCase() } as const;
  if (token !== undefined) return { $case: "tokenId", value: token } as const;
  if (name?.includes("*")) return { $case: "identityPattern", value: name } as const;
  if (name?.startsWith("spiffe://")) return { $case: "spiffeId", value: name } as const;
  if (name === undefined || !isBotName(name)) {
    throw new InterlockError("INVALID_ARGUMENT", `"${name}" is no bot's name: write gripper/1, or 'worker/*'.`);
  }
  return { $case: "spiffeId", value: `spiffe://${trustDomain}/${name}` } as const;
}
