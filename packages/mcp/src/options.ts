import type { Bot } from "@interlock/bot";
import type { OfferedMethod } from "./offered-method.js";

/** The options of {@link createMcpServer}. */
export interface McpOptions {
  /** The bot as which tools are called: a member of the fleet, for example `agent/7`. */
  readonly bot: Bot;
  /** `host:port` of the authority. */
  readonly authority: string | readonly string[];
  /** The methods of which those that the bot may call are offered. At most 1,000. */
  readonly methods: readonly OfferedMethod[];
  /** The id of a delegation that the bot holds. Default: the bot calls in its own name, with its own grants. */
  readonly delegation?: string | undefined;
  /** How long one call may take, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** How long a call waits for an operator before its client is told to ask again, in milliseconds. Default: 45,000. */
  readonly approvalWaitMs?: number | undefined;
  /** How often the authority is asked whether an operator has decided, in milliseconds. Default: 1,000. */
  readonly approvalPollMs?: number | undefined;
  /** How many messages of a stream are given in one answer. Default: 100. */
  readonly maximumMessages?: number | undefined;
  /** How many bytes of JSON are given in one answer. Default: 262,144. */
  readonly maximumAnswerBytes?: number | undefined;
  /** Is given each receipt, as JSON text. Default: receipts stand in the answers only. */
  onReceipt?(receipt: string): void;
}

/** The options with their defaults. */
export type CompleteOptions = McpOptions & {
  readonly [Name in
    | "timeoutMs"
    | "approvalWaitMs"
    | "approvalPollMs"
    | "maximumMessages"
    | "maximumAnswerBytes"]: number;
};

/** The maximum number of methods. */
export const maximumMethods = 1_000;

/**
 * Fills in the defaults.
 *
 * @throws RangeError for too many methods, or a bound that is not above zero.
 */
export function completeOptions(given: McpOptions): CompleteOptions {
  if (given.methods.length > maximumMethods) throw new RangeError(`Give at most ${maximumMethods} methods.`);
  const numbers = {
    timeoutMs: given.timeoutMs ?? 30_000,
    approvalWaitMs: given.approvalWaitMs ?? 45_000,
    approvalPollMs: given.approvalPollMs ?? 1_000,
    maximumMessages: given.maximumMessages ?? 100,
    maximumAnswerBytes: given.maximumAnswerBytes ?? 262_144,
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (!(Number.isFinite(value) && value > 0)) throw new RangeError(`${name} is ${value}: give a number above zero.`);
  }
  return { ...given, ...numbers };
}
