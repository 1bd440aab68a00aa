import { approvalFault, policyFaults } from "./check-service.js";
import { isIdentityPattern } from "./identity-pattern.js";
import type { ServedManifest, ServedMethod, ServedService } from "./manifest.js";
import { type Approval, type DataClass, type Deprecation, dataClasses, type Policy, type Rate } from "./policy.js";
import type { Idempotency, MethodKind } from "./service.js";
import { isServiceName } from "./service-name.js";

/** The maximum size of a manifest that a bot reports, in bytes of UTF-8. */
export const maximumManifestBytes = 262_144;

/** The maximum numbers of services, of methods over all services, and of entries in one list of a policy. */
const maximumServices = 256;
const maximumMethods = 4_096;
const maximumEntries = 64;

/** The maximum length of a sentence, such as the purpose of a method, and of a name, in characters. */
const maximumSentence = 2_048;
const maximumName = 256;

const idempotencies: readonly unknown[] = ["noSideEffects", "idempotent"] satisfies Idempotency[];
const kinds: readonly MethodKind[] = ["unary", "serverStreaming", "clientStreaming", "bidiStreaming"];

/**
 * Reads a manifest from JSON of any origin. Fields that are not known are left out, `file`, `request` and `response`
 * among them.
 *
 * @param json - The content of `interlock.manifest.json`, or what a bot has reported.
 * @returns The manifest.
 * @throws An `Error` that says what is wrong, when it is malformed, has too many entries, or an unsound policy.
 */
export function parseManifest(json: string): ServedManifest {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new Error("it is no JSON", { cause });
  }
  const { version, services } = fields(value, "it");
  if (version !== 1) throw new Error("its version is not 1, the only one that is known");
  const read = list(services, "its services", maximumServices).map(readService);
  if (read.reduce((sum, { methods }) => sum + methods.length, 0) > maximumMethods)
    throw new Error(`it has more than ${maximumMethods} methods`);
  if (new Set(read.map(({ name }) => name)).size < read.length) throw new Error("it has a service twice");
  return { version: 1, services: read };
}

function readService(value: unknown): ServedService {
  const { name, owner, description, servedBy, via, methods } = fields(value, "a service");
  if (typeof name !== "string" || !isServiceName(name)) throw new Error("a service has no full name");
  const patterns = texts(servedBy, `served_by of ${name}`, maximumName);
  if (!patterns.every(isIdentityPattern)) throw new Error(`${name} has a served_by that is not an identity pattern`);
  const gateways = texts(via, `via of ${name}`, maximumName);
  if (!gateways.every(isIdentityPattern)) throw new Error(`${name} has a via that is not an identity pattern`);
  return {
    name,
    ...(owner !== undefined && { owner: text(owner, `the owner of ${name}`, maximumName) }),
    ...(description !== undefined && { description: text(description, `the description of ${name}`) }),
    servedBy: patterns,
    ...(gateways.length > 0 && { via: gateways }),
    methods: list(methods, `the methods of ${name}`, maximumMethods).map((method) => readMethod(method, name)),
  };
}

function readMethod(value: unknown, service: string): ServedMethod {
  const { name, path, kind, idempotency, policy: given } = fields(value, `a method of ${service}`);
  if (typeof name !== "string" || !/^[A-Za-z_]\w{0,255}$/.test(name))
    throw new Error(`a method of ${service} has no name`);
  if (path !== `/${service}/${name}`) throw new Error(`${service}/${name} has the path of another method`);
  if (!kinds.includes(kind as MethodKind)) throw new Error(`${service}/${name} is of an unknown kind`);
  if (idempotency !== undefined && !idempotencies.includes(idempotency))
    throw new Error(`${service}/${name} has an unknown idempotency`);
  const policy = readPolicy(given, `${service}/${name}`);
  const fault = approvalFault(policy, kind as MethodKind);
  if (fault !== undefined) throw new Error(`${service}/${name} ${fault}`);
  return {
    name,
    path,
    kind: kind as MethodKind,
    ...(idempotency !== undefined && { idempotency: idempotency as Idempotency }),
    policy,
  };
}

function readPolicy(value: unknown, method: string): Policy {
  const of = (what: string) => `the ${what} of ${method}`;
  const {
    scopes,
    anyBot,
    purpose,
    risk,
    dataClasses: classes,
    callers,
    rate,
    deprecation,
    worstCase,
    approval,
  } = fields(value, of("policy"));
  const policy = {
    scopes: texts(scopes, of("scopes"), maximumName) as Policy["scopes"],
    anyBot: anyBot === true,
    purpose: text(purpose, of("purpose")),
    risk: risk as Policy["risk"],
    dataClasses: texts(classes, of("data classes"), maximumName) as DataClass[],
    callers: texts(callers, of("callers"), maximumName),
    ...(rate !== undefined && { rate: readRate(rate, of("rate")) }),
    ...(deprecation !== undefined && { deprecation: readDeprecation(deprecation, of("deprecation")) }),
    ...(worstCase !== undefined && { worstCase: text(worstCase, of("worst case")) }),
    ...(approval !== undefined && { approval: approval as Approval }),
  };
  const [fault] = policyFaults(policy);
  if (fault !== undefined) throw new Error(`${method} ${fault}`);
  if (!policy.dataClasses.every((one) => dataClasses.includes(one)))
    throw new Error(`${method} has an unknown data class`);
  return policy;
}

function readRate(value: unknown, what: string): Rate {
  const { perSecond, burst } = fields(value, what);
  if (typeof perSecond !== "number" || typeof burst !== "number") throw new Error(`${what} is malformed`);
  return { perSecond, burst };
}

function readDeprecation(value: unknown, what: string): Deprecation {
  const { since, sunset, replacement } = fields(value, what);
  return {
    ...(since !== undefined && { since: text(since, what, maximumName) }),
    ...(sunset !== undefined && { sunset: text(sunset, what, maximumName) }),
    ...(replacement !== undefined && { replacement: text(replacement, what) }),
  };
}

function fields(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} is no JSON object`);
  return value as Record<string, unknown>;
}

function list(value: unknown, what: string, maximum: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} are no list`);
  if (value.length > maximum) throw new Error(`${what} are more than ${maximum}`);
  return value;
}

function texts(value: unknown, what: string, maximum: number): string[] {
  return list(value ?? [], what, maximumEntries).map((item) => text(item, what, maximum));
}

// Neither store holds a NUL, and PostgreSQL no half of a surrogate pair.
function text(value: unknown, what: string, maximum = maximumSentence): string {
  if (typeof value !== "string" || value.length > maximum || /[\0\p{Cs}]/u.test(value))
    throw new Error(`${what} is no text of at most ${maximum} characters`);
  return value;
}
