import { denial, maximumMethods } from "@interlock/bot/internal";

/** What a delegation allows at one service. */
export interface AllowedService {
  /** The full name of the service. */
  readonly service: string;
  readonly scopes: readonly string[];
  /** The names of the only methods; absent for every method that the scopes allow. */
  readonly methods?: readonly string[];
}

/** What a delegation allows. */
export type Allowed = readonly AllowedService[];

/** The part of what a bot holds that it wants to give to another. */
export interface WantedPart {
  readonly scopes: readonly string[];
  /** The full names of the services; empty for every service at which one of the scopes is held. */
  readonly services: readonly string[];
  /** The only methods, each `package.Service/Method`; empty for every method that is held. */
  readonly methods: readonly string[];
}

/**
 * Takes a named part of what is held. It is never more: a scope, a service or a method that is not held is refused, and not left
 * out, so that nobody believes to have given it. A service of which no method is named is left out where another one's is.
 *
 * @throws `SCOPE_WIDENED`, with what is not held.
 */
export function narrow(held: Allowed, { scopes, services, methods }: WantedPart, marker: string): Allowed {
  refuseWider(
    services,
    held.map(({ service }) => service),
  );
  const chosen = services.length === 0 ? held : held.filter(({ service }) => services.includes(service));
  refuseWider(
    scopes,
    chosen.flatMap((one) => one.scopes),
  );
  const wanted = methods.map(splitMethod);
  const parts = chosen.map(({ service, scopes: heldScopes, methods: heldMethods }): AllowedService => {
    const named = wanted.filter((one) => one.service === service).map(({ method }) => method);
    if (heldMethods) refuseWider(named, heldMethods);
    const kept = named.length > 0 ? [...new Set(named)].sort() : heldMethods;
    return {
      service,
      scopes: heldScopes.filter((scope) => scopes.includes(scope)),
      ...(kept && { methods: kept }),
    };
  });
  // A service at which nothing can be called is none.
  const useful = parts.filter(({ scopes: given }) => given.some((scope) => scope !== marker));
  const named = new Set(wanted.map(({ service }) => service));
  refuseWider(
    [...named],
    useful.map(({ service }) => service),
  );
  const kept = named.size === 0 ? useful : useful.filter(({ service }) => named.has(service));
  refuseWider(
    services.filter(() => named.size === 0),
    kept.map(({ service }) => service),
  );
  if (kept.length === 0) throw denial("SCOPE_WIDENED", "", { needed: scopes.join(" "), held: "" });
  return kept;
}

/** What a delegation allows at a service; `undefined` for nothing. */
export function allowedAt(allowed: Allowed, service: string): AllowedService | undefined {
  return allowed.find((one) => one.service === service);
}

/**
 * Reads the form in which a delegation is stored.
 *
 * @throws when it is not of that form: a fault of the store.
 */
export function parseAllowed(json: string): Allowed {
  const parsed: unknown = JSON.parse(json);
  if (!Array.isArray(parsed) || !parsed.every(isAllowedService)) throw new Error("A stored delegation is malformed.");
  return parsed;
}

function isAllowedService(value: unknown): value is AllowedService {
  const { service, scopes, methods } = (value ?? {}) as Partial<AllowedService>;
  return (
    typeof service === "string" &&
    areTexts(scopes) &&
    (methods === undefined || (areTexts(methods) && methods.length <= maximumMethods))
  );
}

function areTexts(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.every((item) => typeof item === "string");
}

function splitMethod(name: string): { readonly service: string; readonly method: string } {
  const slash = name.lastIndexOf("/");
  return { service: name.slice(0, slash), method: name.slice(slash + 1) };
}

function refuseWider(wanted: readonly string[], held: readonly string[]): void {
  const wider = wanted.filter((one) => !held.includes(one));
  if (wider.length === 0) return;
  const shown = [...new Set(held)].sort().join(" ");
  throw denial("SCOPE_WIDENED", `${wider.join(", ")} is not held`, { needed: wider.join(" "), held: shown });
}
