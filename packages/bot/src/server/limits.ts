import type { AnyMethod } from "@interlock/policy";

/** The longest message of a request or an answer: 4 MiB, as clients of gRPC take by default. */
export const largestMessageBytes = 4 * 1_024 * 1_024;
/** Of methods that are open to any bot, which need no scope: 64 KiB. */
const anyBotRequestBytes = 64 * 1_024;

/**
 * The longest message of a request to `method`, in bytes.
 *
 * @throws A `TypeError` when `given` is no such limit.
 */
export function maximumRequestBytes({ path, policy }: Pick<AnyMethod, "path" | "policy">, given?: number): number {
  if (given === undefined) return policy.anyBot ? anyBotRequestBytes : largestMessageBytes;
  if (Number.isInteger(given) && given >= 0 && given <= largestMessageBytes) return given;
  throw new TypeError(`requestBytes of ${path} must be a whole number from 0 to ${largestMessageBytes}`);
}
