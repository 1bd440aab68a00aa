import { InterlockError, type Reason } from "@interlock/bot";
import type { HttpAnswer } from "./route.js";

/** The error codes of RFC 6749, section 5.2, and `invalid_target` of RFC 8707, section 2. */
export type OAuthCode =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "invalid_scope"
  | "invalid_target"
  | "unsupported_token_type";

const domain = "oauth";

/** Makes an error of the OAuth protocol; `message` says what to send instead. */
export function oauthError(code: OAuthCode, message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message, { reason: code, domain });
}

/** The denials with an OAuth code of their own. All others are `invalid_request`. */
const codeOf: { readonly [R in Reason]?: OAuthCode } = {
  NO_CERTIFICATE: "invalid_client",
  CERTIFICATE_EXPIRED: "invalid_client",
  CERTIFICATE_REVOKED: "invalid_client",
  NO_GRANT: "invalid_scope",
  SCOPE_WIDENED: "invalid_scope",
  BOT_RETIRED: "unauthorized_client",
  ACTOR_NOT_ALLOWED: "unauthorized_client",
};

/** Returns the answer for an error: RFC 6749, section 5.2, with the reason of a denial added. */
export function errorAnswer(error: InterlockError): HttpAnswer {
  const { code, reason = "", metadata } = error;
  if (reason === ("RATE_LIMITED" satisfies Reason)) {
    const seconds = String(Math.ceil(Number(metadata.retryAfterMs ?? 1_000) / 1_000));
    return { status: 429, headers: { "retry-after": seconds }, body: bodyOf("temporarily_unavailable", error) };
  }
  if (code === "INTERNAL" || code === "UNKNOWN") return { status: 500, body: { error: "server_error" } };
  const oauthCode = error.domain === domain ? reason : (codeOf[reason as Reason] ?? "invalid_request");
  return { status: oauthCode === "invalid_client" ? 401 : 400, body: bodyOf(oauthCode, error) };
}

function bodyOf(code: string, { message, reason, domain: of }: InterlockError): object {
  return {
    error: code,
    // RFC 6749 allows only these characters; `"` and `\` are not among them.
    error_description: message.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "?"),
    ...(of !== domain && reason !== undefined && { reason }),
  };
}
