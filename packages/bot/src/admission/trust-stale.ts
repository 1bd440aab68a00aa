import { denial, type InterlockError } from "../base/error.js";
import type { IdentitySource } from "../identity/identity.js";
import type { AuthorityContact } from "../trust/authority-contact.js";
import type { Trust } from "../trust/trust.js";

/** The server that refuses a call, as its refusal names it. */
export interface RefusingServer {
  readonly identity?: Pick<IdentitySource, "current"> | undefined;
  readonly contact?: Pick<AuthorityContact, "address"> | undefined;
}

/**
 * Makes the denial of a server whose trust is stale. It says whose trust that is, since when, and what still works: the
 * caller must not take the server for dead, nor its own trust for stale.
 */
export function trustStale({ heardAt }: Pick<Trust, "heardAt">, server: RefusingServer = {}): InterlockError {
  const bot = server.identity?.current().spiffeId.name ?? "";
  const authority = server.contact?.address ?? "";
  const since = Number.isFinite(heardAt) ? new Date(heardAt).toISOString() : "";
  const source = `the authority${authority && ` at ${authority}`}`;
  const heard = since === "" ? `has not heard ${source} yet` : `last heard ${source} at ${since}`;
  const detail = `${bot || "the server"}, which was called, ${heard}; methods of low and medium risk still work`;
  return denial("TRUST_STALE", detail, {
    ...(bot && { bot }),
    ...(since && { since }),
    ...(authority && { authority }),
  });
}
