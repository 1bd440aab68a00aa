import type { DescFile, DescMethod, DescService, FileRegistry } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { approvalFault, type Idempotency, policyFaults, serviceFaults } from "@interlock/policy";
import { deprecationFaults } from "./deprecation-faults.js";
import { createFindConstraints } from "./find-constraints.js";
import type { FoundMethod, FoundService } from "./found-service.js";
import { methodKey } from "./method-key.js";
import { overlayFile } from "./overlay/overlay.js";
import type { PluginOptions } from "./plugin-options.js";
import { readPolicy, readServiceFacts } from "./read-policy.js";
import { sourcePosition } from "./source-position.js";

const kinds = {
  unary: "unary",
  server_streaming: "serverStreaming",
  client_streaming: "clientStreaming",
  bidi_streaming: "bidiStreaming",
} as const;

/** `option idempotency_level` of a method, by its number. */
const idempotencies: Readonly<Partial<Record<MethodOptions_IdempotencyLevel, Idempotency>>> = {
  [MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS]: "noSideEffects",
  [MethodOptions_IdempotencyLevel.IDEMPOTENT]: "idempotent",
};

/** The services of some files, and all their faults: `file:line:column: package.Service/Method has …`. */
export interface Findings {
  readonly services: readonly FoundService[];
  readonly faults: readonly string[];
}

/**
 * The gate: reads every service of `files` and checks every policy. `registry` knows the policy options, and the services of
 * the imports. `places` says where a policy stands that is not in its proto file, by the name of its method or service.
 */
export function findServices(
  files: readonly DescFile[],
  registry: FileRegistry,
  options: PluginOptions,
  places: ReadonlyMap<string, string> = new Map(),
): Findings {
  const access = registry.getExtension("interlock.policy.v1.access");
  const option = registry.getExtension("interlock.policy.v1.service");
  const isConstrained = createFindConstraints(registry);
  const faults: string[] = [];
  const services = files.flatMap((file) => file.services).map(findService);
  return { services, faults };

  function findService(desc: DescService): FoundService {
    const facts = readServiceFacts(desc, option);
    for (const fault of serviceFaults({ name: desc.typeName, ...facts, methods: {} })) {
      faults.push(`${places.get(desc.typeName) ?? sourcePosition(desc)}: ${fault}`);
    }
    const names = new Map<string, string>();
    const methods = desc.methods.flatMap((method) => {
      const key = methodKey(method.name);
      const policy = readPolicy(method, access);
      const found = [...policyFaults(policy), approvalFault(policy, kinds[method.methodKind]) ?? []].flat();
      // Of sound dates only: one fault is told once.
      if (policy && found.length === 0) found.push(...deprecationFaults(policy, registry, options));
      if (policy === undefined && options.policies) found.push(...found.splice(0).map(orOverlay));
      const name = fullName(method);
      faults.push(...found.map((fault) => `${places.get(name) ?? sourcePosition(method)}: ${name} ${fault}`));
      if (names.has(key)) {
        const taken = `has the name ${key} in TypeScript, as ${names.get(key)} has: rename one of them`;
        faults.push(`${sourcePosition(method)}: ${name} ${taken}`);
      }
      names.set(key, method.name);
      // A missing policy is a fault, so nothing is generated.
      return policy ? [describe(method, { key, policy, constrained: isConstrained(method.input) })] : [];
    });
    return { desc, ...facts, methods };
  }
}

function orOverlay(fault: string): string {
  return `${fault}, or write it in ${overlayFile}`;
}

function describe(desc: DescMethod, found: Pick<FoundMethod, "key" | "policy" | "constrained">): FoundMethod {
  const idempotency = idempotencies[desc.idempotency];
  const facts = { desc, ...found, kind: kinds[desc.methodKind], path: `/${fullName(desc)}` };
  return idempotency ? { ...facts, idempotency } : facts;
}

function fullName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}
