import type { InterlockError } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";

/**
 * Whether a service is the fleet's authority, which acts for the bot at the other end: through a gateway, anyone would renew the
 * gateway's certificate, and get its tokens.
 */
export function isAuthority(service: string): boolean {
  return service.startsWith("interlock.authority.");
}

/** The denial of a call to a method that any bot may call, where the route does not pass it in the gateway's name. */
export function notInOwnName(): InterlockError {
  const problem = "a method that needs no token does not tell the bot who calls it through a gateway";
  return denial(
    "ACTOR_NOT_ALLOWED",
    `${problem}: call the bot itself, or have the route pass it in the gateway's name`,
  );
}
