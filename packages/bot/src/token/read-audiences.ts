import { denial } from "../base/error.js";
import type { TokenRules } from "./token-rules.js";

/**
 * Reads the services that a token is for from `aud`: one text, or a list of them (RFC 7519, section 4.1.3). The URL of a
 * service, which is `resourcePrefix` and its full name (RFC 8707), stands for the name.
 *
 * @throws `TOKEN_MALFORMED` when one of them is no text.
 */
export function readAudiences(
  aud: unknown,
  { resourcePrefix }: Pick<TokenRules, "resourcePrefix">,
): ReadonlySet<string> {
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((audience) => typeof audience === "string")) throw denial("TOKEN_MALFORMED", '"aud" is no text');
  if (resourcePrefix === undefined) return new Set(audiences);
  return new Set(audiences.map((text) => (text.startsWith(resourcePrefix) ? text.slice(resourcePrefix.length) : text)));
}
