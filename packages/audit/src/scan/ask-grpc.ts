import type { Call, CallOutcome, Http2Caller } from "./http2-caller.js";
import { listRequest, readServiceNames } from "./reflection-list.js";

/** A path that no server has. Calls to it in a log of denials are a scan's. */
export const probePath = "/interlock.scan.v1.Probe/Unknown";

/** The services of gRPC's own that a scan asks after, each with the method that is called. */
export const ownServices = {
  "grpc.reflection.v1.ServerReflection": "ServerReflectionInfo",
  "grpc.reflection.v1alpha.ServerReflection": "ServerReflectionInfo",
  "grpc.health.v1.Health": "Check",
  "grpc.channelz.v1.Channelz": "GetServers",
} as const;

/** How many declared methods are called at one port. */
export const maximumMethods = 32;

/** What a method has done with headers alone. */
export type MethodAnswer = "open" | "refused" | "absent" | "not known";

/** What the servers of gRPC's libraries say of an unknown method, by which they are told apart. */
export type Library = "Interlock" | "grpc-js" | "grpc-go" | "grpcio";

/** What calls without a message have shown. */
export interface GrpcFacts {
  /** The answer to the call of {@link probePath}; every other call is made only where that answer is one of gRPC. */
  readonly probe: CallOutcome;
  readonly library?: Library | undefined;
  /** By service: those of {@link ownServices}. */
  readonly own: ReadonlyMap<string, MethodAnswer>;
  /** By path: the declared methods. */
  readonly methods: ReadonlyMap<string, MethodAnswer>;
  /** The services that reflection has listed; absent where it has answered nothing. */
  readonly listed?: readonly string[] | undefined;
}

/** How to ask. */
export interface GrpcQuestions {
  /** Paths of unary methods; the first {@link maximumMethods} are called. */
  readonly methods: readonly string[];
  /** How long an answer is awaited, in milliseconds. */
  readonly timeoutMs: number;
}

/** The time that a server has to refuse a call, at the least, in milliseconds. */
const graceMs = 250;

/**
 * Asks a server over HTTP/2 what it is. No message reaches a method: calls consist of their headers. Reflection alone, where
 * its stream stays open, is sent its question for the names of the services.
 */
export async function askGrpc(caller: Http2Caller, { methods, timeoutMs }: GrpcQuestions): Promise<GrpcFacts> {
  const began = performance.now();
  const unknown = caller.begin(probePath);
  await unknown.settled(timeoutMs);
  const probe = unknown.outcome();
  if (!probe.isGrpc || probe.kind !== "answered") return { probe, own: new Map(), methods: new Map() };
  const own = Object.entries(ownServices).map(
    ([service, method]) => [service, caller.begin(`/${service}/${method}`)] as const,
  );
  const declared = methods.slice(0, maximumMethods).map((path) => [path, caller.begin(path)] as const);
  const calls = [...own, ...declared].map(([, call]) => call);
  // What is refused is refused at once; what stays open gets several times the time that the first answer took.
  const patience = Math.min(timeoutMs, Math.max(graceMs, 5 * (performance.now() - began)));
  await Promise.all(calls.map((call) => call.settled(patience)));
  return {
    probe,
    library: libraryOf(probe),
    own: new Map(own.map(([service, call]) => [service, answerOf(call)])),
    methods: new Map(declared.map(([path, call]) => [path, answerOf(call)])),
    listed: await listServices(own, timeoutMs),
  };
}

async function listServices(
  own: readonly (readonly [string, Call])[],
  timeoutMs: number,
): Promise<string[] | undefined> {
  for (const [service, call] of own) {
    if (!service.startsWith("grpc.reflection.") || call.outcome().kind !== "open") continue;
    const response = await call.ask(listRequest, timeoutMs);
    const names = response && readServiceNames(response);
    if (names) return names;
  }
  return undefined;
}

const unimplemented = 12;
const refusals: ReadonlySet<number | undefined> = new Set([7, 16]);

function answerOf(call: Call): MethodAnswer {
  const { kind, grpc } = call.outcome();
  if (kind === "open") return "open";
  if (kind === "answered" && grpc === unimplemented) return "absent";
  return kind === "answered" && refusals.has(grpc) ? "refused" : "not known";
}

/** Whether an answer is a refusal of the caller: PERMISSION_DENIED or UNAUTHENTICATED. */
export function isRefusal({ kind, grpc, http }: CallOutcome): boolean {
  return kind === "answered" && (refusals.has(grpc) || http === 401 || http === 403);
}

function libraryOf({ message }: CallOutcome): Library | undefined {
  if (message === "There is no such method here.") return "Interlock";
  if (message.startsWith("The server does not implement the method ")) return "grpc-js";
  if (/^(unknown service|unknown method|malformed method name)/.test(message)) return "grpc-go";
  return message === "Method not found!" ? "grpcio" : undefined;
}
