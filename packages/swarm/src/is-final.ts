import type { InterlockError } from "@interlock/bot";

const reasons = new Set(["SESSION_REPLACED", "IDENTITY_REVOKED", "CERTIFICATE_REVOKED"]);
const codes = new Set(["PERMISSION_DENIED", "UNIMPLEMENTED", "INVALID_ARGUMENT"]);

/** Whether connecting again cannot help: the bot is not allowed, is revoked, or another of its name has taken over. */
export function isFinal({ code, reason }: InterlockError): boolean {
  return codes.has(code) || reasons.has(reason ?? "");
}
