import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import { messageSchema } from "./message-schema.js";
import type { OfferedMethod } from "./offered-method.js";

/** The longest name of a tool that clients take. */
const maximumName = 64;

/** The names of tools, each with its method: `GripperService_Grip`, with a number where two would have the same. */
export function nameTools(methods: readonly OfferedMethod[]): ReadonlyMap<string, OfferedMethod> {
  const named = new Map<string, OfferedMethod>();
  for (const one of methods) {
    const base = baseName(one);
    let name = base;
    for (let i = 2; named.has(name); i++) name = `${base.slice(0, maximumName - 1 - String(i).length)}_${i}`;
    named.set(name, one);
  }
  return named;
}

function baseName({ service, method }: OfferedMethod): string {
  const service_ = service.name.slice(service.name.lastIndexOf(".") + 1);
  return `${service_}_${methodName(method.path)}`.slice(0, maximumName);
}

/** The name of a method by its path. */
export function methodName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * Describes a method as a tool: its purpose and its worst case from the policy, its risk as annotations. The annotations are hints
 * for clients; what is enforced stands in the policy, and is enforced by the bot that serves the method.
 */
export function toolOf(name: string, { method, idempotency, input }: OfferedMethod, waits: boolean): Tool {
  const { purpose, worstCase, risk } = method.policy;
  const readOnly = idempotency === "noSideEffects";
  const sentences = [
    purpose,
    worstCase === undefined ? "" : `The worst that could happen: ${worstCase}`,
    method.kind === "serverStreaming" ? "It answers with a list of messages, up to a bound." : "",
    waits
      ? "An operator has to approve each call before it is made: call again with the same arguments until then."
      : "",
  ];
  return {
    name,
    title: method.path.slice(1),
    description: sentences.filter(Boolean).join(" "),
    inputSchema: messageSchema(input) as Tool["inputSchema"],
    annotations: {
      readOnlyHint: readOnly,
      destructiveHint: !readOnly && (risk === "high" || risk === "critical"),
      idempotentHint: idempotency !== undefined,
      openWorldHint: false,
    },
  };
}
