import type { ServiceDefinition } from "@interlock/policy";
import type { ClientOptions } from "./client-options.js";
import { tokenNeedOf } from "./token-need.js";

/** What the user of a client decides about its channels. */
export interface ChannelTuning {
  /** The longest message of a request, in bytes. Default: none. */
  readonly requestBytes?: number | undefined;
  /** The longest message of an answer, in bytes. Default: 4 MiB. */
  readonly responseBytes?: number | undefined;
  /** The paths of the methods whose requests are compressed with gzip. Default: none. */
  readonly packedPaths?: ReadonlySet<string> | undefined;
}

/** What the options of a client say about its channels. Servers unpack for callers that show a token, and for no others. */
export function channelTuning(
  { methods }: ServiceDefinition,
  { requestBytes, responseBytes, compression }: ClientOptions,
): ChannelTuning {
  const packed = compression === undefined ? [] : Object.values(methods).filter(tokenNeedOf);
  return {
    requestBytes,
    responseBytes,
    ...(packed.length > 0 && { packedPaths: new Set(packed.map(({ path }) => path)) }),
  };
}
