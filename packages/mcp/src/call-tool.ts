import { createHash } from "node:crypto";
import { type Client, InterlockError, type Reason } from "@interlock/bot";
import type { AuthorityService } from "@interlock/bot/protocol";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { type Answers, answerResult, collect, refusal } from "./answers.js";
import type { Approvals } from "./approvals.js";
import { findDelegation, type GrantsSource } from "./grants.js";
import type { OfferedMethod } from "./offered-method.js";
import type { CompleteOptions } from "./options.js";
import { recordReceipt } from "./receipts.js";

/** What calls are made with. */
export interface CallParts {
  readonly options: CompleteOptions;
  readonly authority: Client<typeof AuthorityService>;
  readonly approvals: Approvals;
}

/** Whether a call of a method waits for an operator. */
export function waitsForOperator({ method }: OfferedMethod, delegation: string | undefined): boolean {
  const { approval } = method.policy;
  return approval === "everyCall" || (approval === "delegated" && delegation !== undefined);
}

/**
 * Calls a method with arguments in JSON. The bot that serves it decides; whatever comes of it, the call leaves a receipt, unless
 * its arguments are no message of the method: then there is no call. Errors are a part of the result, for the model to read.
 */
export async function callTool(
  parts: CallParts,
  tool: OfferedMethod,
  given: unknown,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const { options, authority } = parts;
  let request: Uint8Array;
  try {
    request = tool.read(JSON.stringify(given ?? {}));
  } catch (thrown) {
    return refusal(InterlockError.from(thrown));
  }
  const requestSha256 = createHash("sha256").update(request).digest("hex");
  const startedAt = new Date();
  const called = await makeCall(parts, tool, request, requestSha256, signal);
  const { error, answers, approval } = called;
  const result = error ? refusal(error) : answerResult(answers, tool.method.kind === "serverStreaming");
  try {
    const receipt = await recordReceipt(authority, {
      method: tool.method.path.slice(1),
      delegation: options.delegation,
      approval,
      requestSha256,
      error,
      messages: answers.messages.length,
      startedAt,
      endedAt: new Date(),
    });
    options.onReceipt?.(receipt.receipt);
    return { ...result, _meta: { "interlock/receipt": receipt } };
  } catch (thrown) {
    const { message } = InterlockError.from(thrown);
    return { ...result, _meta: { "interlock/receipt-missing": message } };
  }
}

interface Called {
  readonly error?: InterlockError;
  readonly answers: Answers;
  readonly approval: string | undefined;
}

const none: Answers = { messages: [], cut: false };

async function makeCall(
  { options, authority, approvals }: CallParts,
  tool: OfferedMethod,
  request: Uint8Array,
  requestSha256: string,
  signal: AbortSignal,
): Promise<Called> {
  const { delegation } = options;
  let approval: string | undefined;
  try {
    if (waitsForOperator(tool, delegation)) {
      const call = { method: tool.method.path.slice(1), request, requestSha256, delegation };
      await approvals.obtain(call, signal, (id) => {
        approval = id;
      });
    }
    return { answers: await answersOf(options, tool, request, approval, signal), approval };
  } catch (thrown) {
    const error = InterlockError.from(thrown);
    return { error: (await delegationFault(authority, delegation, error)) ?? error, answers: none, approval };
  }
}

/** Why a call found no server: a delegation that has ended is not enough to look one up. */
async function delegationFault(
  authority: GrantsSource,
  delegation: string | undefined,
  { reason }: InterlockError,
): Promise<InterlockError | undefined> {
  if (delegation === undefined || reason !== ("NO_GRANT" satisfies Reason)) return undefined;
  return findDelegation(authority, delegation).then(
    ({ revoked }) => {
      if (!revoked) return undefined;
      const text = `The delegation ${delegation} has been revoked, or one above it.`;
      return new InterlockError("PERMISSION_DENIED", text, { reason: "DELEGATION_ENDED" });
    },
    (thrown) => InterlockError.from(thrown),
  );
}

type Call = (request: Uint8Array, options: object) => Promise<Uint8Array> | AsyncIterable<Uint8Array>;

async function answersOf(
  options: CompleteOptions,
  { service, key, method, address, write }: OfferedMethod,
  request: Uint8Array,
  approval: string | undefined,
  signal: AbortSignal,
): Promise<Answers> {
  const { bot, delegation, timeoutMs } = options;
  // An answer that is too large for the client is not read to its end.
  const ofClient = {
    ...(delegation !== undefined && { delegation }),
    ...(approval !== undefined && { approval, attempts: 1 }),
    responseBytes: options.maximumAnswerBytes,
  };
  const client = address === undefined ? bot.client(service, ofClient) : bot.client(service, address, ofClient);
  try {
    const answer = (client[key] as unknown as Call)(request, { timeoutMs, signal });
    if (method.kind === "serverStreaming") return await collect(answer as AsyncIterable<Uint8Array>, write, options);
    return { messages: [write(await (answer as Promise<Uint8Array>))], cut: false };
  } finally {
    client[Symbol.dispose]();
  }
}
