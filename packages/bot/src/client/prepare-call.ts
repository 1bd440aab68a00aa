import type { Metadata } from "@grpc/grpc-js";
import type { ClientTrace } from "../tracing/client-trace.js";
import { awaitReady } from "./await-ready.js";
import { awaitToken } from "./await-token.js";
import type { CallCredentials, PendingToken } from "./call-credentials.js";
import type { CallBounds, CallOptions } from "./call-options.js";
import type { CallDefaults } from "./client-options.js";
import type { Connector } from "./connector.js";
import type { TokenNeed } from "./token-need.js";

/** One attempt of a call that is being made. */
export interface MadeCall {
  readonly options: CallOptions;
  readonly bounds: CallBounds;
  /** Whether it waits for a server that cannot be reached now. */
  readonly waits: boolean;
  /** The attempts before it. */
  readonly previous: number;
  /** Its trace; absent without an SDK of OpenTelemetry. */
  readonly trace: ClientTrace | undefined;
}

/** The metadata with which a server is told of the attempts before (gRFC A6). */
const previousKey = "grpc-previous-rpc-attempts";

/** The metadata of one call, its own, with its trace. */
export function metadataFor(credentials: CallCredentials, { options, waits, previous, trace }: MadeCall): Metadata {
  const { channel, metadata: shown } = credentials;
  trace?.sent(channel, previous);
  const metadata = options.metadata?.clone() ?? (trace ? trace.on(shown) : shown.forCall());
  if (options.metadata) {
    metadata.merge(shown);
    trace?.inject(metadata);
  }
  if (waits) metadata.setOptions({ ...metadata.getOptions(), waitForReady: true });
  if (previous > 0) metadata.set(previousKey, String(previous));
  return metadata;
}

/** Whether a call waits for a server that cannot be reached now. */
export function waitsForReady({ waitForReady }: CallOptions, defaults: CallDefaults): boolean {
  return waitForReady ?? defaults.waitForReady ?? false;
}

/** Waits for a token that is being fetched, or for a server that is being chosen. */
export function pendingFor(
  connector: Connector,
  need: TokenNeed | undefined,
  pending: Promise<PendingToken>,
  { bounds, waits }: MadeCall,
): Promise<PendingToken> {
  if (!waits) return awaitToken(pending, bounds, connector.overdue);
  const ask = async (): Promise<PendingToken> => {
    const given = connector.credentials(need);
    if (given instanceof Promise) return given;
    return { channel: given.channel, authorization: given.authorization ?? "" };
  };
  return awaitReady(pending, ask, bounds, connector.overdue);
}
