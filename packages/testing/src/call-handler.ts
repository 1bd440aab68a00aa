import type { CallOptions, Client, ClientMethod, Handler, Implementation, ServerInterceptor } from "@interlock/bot";
import { InterlockError } from "@interlock/bot";
import type { ServiceDefinition } from "@interlock/policy";
import type { TestClientOptions, TestFleetOptions } from "./options.js";
import { createTestFleet } from "./test-fleet.js";

/**
 * The options of {@link callHandler}: who calls, what holds for the call, and the fleet that both are in. Default of `through`: a
 * gateway of the service, where it has any (`via`).
 */
export interface CallHandlerOptions
  extends Pick<TestClientOptions, "as" | "scopes" | "through">,
    Pick<TestFleetOptions, "grants" | "now" | "log">,
    CallOptions {
  /** The name of the bot whose handler it is. Default: one that the service's `served_by` allows. */
  readonly name?: string;
  /** Run around the handler, the first one outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
}

/** What a call of a method takes and gives: as the function of its client. */
type Call<S extends ServiceDefinition, K extends keyof S["methods"]> = ClientMethod<S["methods"][K]>;

/**
 * Calls one handler alone, of a method of any kind, as any caller, with the policy of the method enforced: a call of a client in a fleet
 * that has nothing else, and is closed when the call is over.
 *
 * @param service - The generated definition.
 * @param method - The name of the method in it, for example `grip`.
 * @param handler - The function that serves it.
 * @param request - The request; for a stream of them, any iterable.
 * @param options - The caller, and what holds for the call.
 * @returns What the client's function gives: a promise of the answer, or an iterable of the answers.
 *
 * @example
 * ```ts
 * const call = { as: "arm/1", scopes: ["gripper:actuate"] };
 * const { held } = await callHandler(GripperService, "grip", gripper.grip, { newtons: 4 }, call);
 * ```
 */
export function callHandler<S extends ServiceDefinition, K extends string & keyof S["methods"]>(
  service: S,
  method: K,
  handler: Handler<S["methods"][K]>,
  request: Parameters<Call<S, K>>[0],
  options: CallHandlerOptions,
): ReturnType<Call<S, K>> {
  const {
    as,
    scopes,
    through = gatewaysOf(service),
    grants,
    now,
    log,
    name = nameFor(service),
    interceptors,
    ...call
  } = options;
  const kind = service.methods[method]?.kind;
  if (kind === undefined) throw new TypeError(`${service.name} has no method ${JSON.stringify(method)}`);

  async function open() {
    const fleet = await createTestFleet({
      ...(grants !== undefined && { grants }),
      ...(now !== undefined && { now }),
      ...(log && { log }),
    });
    const others = Object.keys(service.methods).map((key) => [key, notHere]);
    const implementation = { ...Object.fromEntries(others), [method]: handler } as Implementation<S>;
    await fleet.serve(service, implementation, { name, ...(interceptors && { interceptors }) });
    const caller = { as, through, ...(scopes && { scopes }) };
    const client: Client<S> = fleet.client(service, caller);
    return { fleet, invoke: (client as Record<string, Invoke>)[method] as Invoke };
  }

  async function one(): Promise<unknown> {
    const { fleet, invoke } = await open();
    try {
      return await invoke(request, call);
    } finally {
      await fleet.close();
    }
  }

  async function* many(): AsyncGenerator<unknown> {
    const { fleet, invoke } = await open();
    try {
      yield* invoke(request, call) as AsyncIterable<unknown>;
    } finally {
      await fleet.close();
    }
  }

  const isStream = kind === "serverStreaming" || kind === "bidiStreaming";
  return (isStream ? many() : one()) as ReturnType<Call<S, K>>;
}

type Invoke = (request: unknown, options: CallOptions) => Promise<unknown> | AsyncIterable<unknown>;

function notHere(): never {
  throw new InterlockError("UNIMPLEMENTED", "Only one handler is served here.");
}

/** The way that a call takes: through one gateway, where the service has any. */
function gatewaysOf({ via = [] }: ServiceDefinition): readonly string[] {
  return via.slice(0, 1).map(nameOf);
}

/** A name that clients of the service accept. */
function nameFor({ servedBy }: ServiceDefinition): string {
  return nameOf(servedBy[0] ?? "bot/1");
}

function nameOf(pattern: string): string {
  return pattern.replaceAll(/\*+/g, "1");
}
