import { type Client, InterlockError } from "@interlock/bot";
import { delegateScope } from "@interlock/bot/internal";
import type { AuthorityService, Delegation } from "@interlock/bot/protocol";
import { matchesIdentity, parseSpiffeId } from "@interlock/policy";
import type { OfferedMethod } from "./offered-method.js";
import { methodName } from "./tool.js";

/** The authority, as far as it is asked what a bot may call. */
export type GrantsSource = Pick<Client<typeof AuthorityService>, "issueToken" | "listOwnDelegations">;

/** How many scopes one request for a token may name. */
const maximumScopes = 128;

/**
 * Finds the methods that a bot may call: those whose scopes it is granted, or that its delegation allows and the subject of the
 * delegation is still granted. The authority is asked by requests for tokens, one for each service, so that nothing here decides
 * what is granted. Methods for any bot are no grant, and are left out; so are those that take a stream of requests.
 *
 * Rejects with `DELEGATION_NOT_HELD` or `DELEGATION_ENDED` for a delegation that is not in force.
 */
export async function findGranted(
  authority: GrantsSource,
  methods: readonly OfferedMethod[],
  self: { readonly name: string; readonly delegation?: string | undefined },
): Promise<readonly OfferedMethod[]> {
  const delegation = self.delegation === undefined ? undefined : await findDelegation(authority, self.delegation);
  const subject = delegation ? nameOf(delegation.subject) : self.name;
  const services = new Map<string, OfferedMethod[]>();
  for (const one of methods.filter(isTool))
    services.set(one.service.name, [...(services.get(one.service.name) ?? []), one]);
  const found = await Promise.all(
    [...services].map(async ([audience, ofService]) => {
      const allowed = delegation?.allowed.find(({ service }) => service === audience)?.scopes;
      const wanted = [...new Set(ofService.flatMap(({ method }) => method.policy.scopes))]
        .filter((scope) => delegation === undefined || allowed?.includes(scope))
        .filter((scope) => scope !== delegateScope)
        .slice(0, maximumScopes);
      if (wanted.length === 0) return [];
      const held = await grantedAt(authority, audience, wanted, self.delegation);
      return ofService.filter(({ method: { path, policy } }) => {
        const isCaller = policy.callers.length === 0 || policy.callers.some((one) => matchesIdentity(one, subject));
        const isNamed = held.methods.length === 0 || held.methods.includes(methodName(path));
        return isCaller && isNamed && policy.scopes.every((scope) => held.scopes.includes(scope));
      });
    }),
  );
  return found.flat();
}

function isTool({ method: { kind, policy } }: OfferedMethod): boolean {
  return !policy.anyBot && (kind === "unary" || kind === "serverStreaming");
}

/** Finds a delegation that the bot holds. Rejects with `DELEGATION_NOT_HELD` for one that is not there, or has expired. */
export async function findDelegation(authority: GrantsSource, id: string): Promise<Delegation> {
  for (let pageToken = ""; ; ) {
    const { delegations, nextPageToken } = await authority.listOwnDelegations({ pageToken });
    const found = delegations.find((one) => one.id === id);
    if (found) return found;
    if (nextPageToken === "") break;
    pageToken = nextPageToken;
  }
  throw new InterlockError("PERMISSION_DENIED", `There is no delegation ${id} in force that this bot holds.`, {
    reason: "DELEGATION_NOT_HELD",
  });
}

interface Held {
  readonly scopes: readonly string[];
  readonly methods: readonly string[];
}

async function grantedAt(
  authority: GrantsSource,
  audience: string,
  scopes: readonly string[],
  delegation = "",
): Promise<Held> {
  try {
    return await authority.issueToken({ audience, scopes: [...scopes], delegation });
  } catch (thrown) {
    const error = InterlockError.from(thrown);
    const nothing = ["NO_GRANT", "SCOPE_WIDENED", "DELEGATION_NOT_ALLOWED"];
    if (nothing.includes(error.reason ?? "")) return { scopes: [], methods: [] };
    throw error;
  }
}

function nameOf(uri: string): string {
  return parseSpiffeId(uri)?.name ?? uri;
}
