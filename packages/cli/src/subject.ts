import { InterlockError } from "@interlock/bot";
import type { WireSubject } from "@interlock/bot/internal";
import { isBotName } from "@interlock/policy";
import type { Command } from "commander";

/** The options that name what to revoke or to unrevoke. */
export interface SubjectOptions {
  readonly certificate?: string;
  readonly token?: string;
}

/** Adds the arguments and options that name a subject to a command. */
export function withSubject(command: Command): Command {
  return command
    .argument("[name]", "a bot's name, or an identity pattern such as 'worker/*'")
    .option("--certificate <serial>", "a certificate instead, by its serial number in hex")
    .option("--token <jti>", "a token instead, by its jti");
}

/** Reads the subject that a command line names. Throws `INVALID_ARGUMENT` unless it names exactly one. */
export function readSubject(
  trustDomain: string,
  name: string | undefined,
  { certificate, token }: SubjectOptions,
): WireSubject {
  if ([name, certificate, token].filter((given) => given !== undefined).length !== 1) {
    throw new InterlockError("INVALID_ARGUMENT", "Name one subject: a bot or a pattern, --certificate, or --token.");
  }
  if (certificate !== undefined) return { $case: "certificate", value: certificate.toLowerCase() };
  if (token !== undefined) return { $case: "token", value: token };
  if (name?.includes("*")) return { $case: "pattern", value: name };
  if (name?.startsWith("spiffe://")) return { $case: "identity", value: name };
  if (name === undefined || !isBotName(name)) {
    throw new InterlockError("INVALID_ARGUMENT", `"${name}" is not a bot's name: write gripper/1, or 'worker/*'.`);
  }
  return { $case: "identity", value: `spiffe://${trustDomain}/${name}` };
}
