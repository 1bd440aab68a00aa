import { InterlockError } from "@interlock/bot";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";

/** The answers of one call, within their bounds. */
export interface Answers {
  /** The messages, in their order. */
  readonly messages: readonly object[];
  /** Whether there were more than the bounds allow. */
  readonly cut: boolean;
}

/** The bounds of {@link collect}. */
export interface AnswerBounds {
  readonly maximumMessages: number;
  /** In bytes of JSON. */
  readonly maximumAnswerBytes: number;
}

/** Reads messages until they end, or a bound is reached: then it ends the stream, and says so. */
export async function collect(
  answers: AsyncIterable<Uint8Array>,
  write: (answer: Uint8Array) => object,
  { maximumMessages, maximumAnswerBytes }: AnswerBounds,
): Promise<Answers> {
  const messages: object[] = [];
  let bytes = 0;
  for await (const answer of answers) {
    const message = write(answer);
    bytes += Buffer.byteLength(JSON.stringify(message));
    // The end of the loop ends the stream.
    if (messages.length >= maximumMessages || bytes > maximumAnswerBytes) return { messages, cut: true };
    messages.push(message);
  }
  return { messages, cut: false };
}

/** The result of a call that was answered. */
export function answerResult({ messages, cut }: Answers, isStream: boolean): CallToolResult {
  const value = isStream
    ? { messages, ...(cut && { cut: "There are more messages than one answer may have." }) }
    : messages[0];
  if (value === undefined) {
    return refusal(new InterlockError("RESOURCE_EXHAUSTED", "The answer is larger than one answer may be."));
  }
  return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: { ...value } };
}

/** The result of a call that was refused or failed: the reason, and what was needed and held. */
export function refusal({ code, reason, message, metadata }: InterlockError): CallToolResult {
  const error = { code, ...(reason !== undefined && { reason }), message, ...metadata };
  return { isError: true, content: [{ type: "text", text: JSON.stringify({ error }) }] };
}
