import type { RawAnswer } from "@interlock/bot/testing";

/** The answer to a raw call as an attack counts it: a gRPC status code, or `close`. */
export function rawAnswer({ status, error }: Pick<RawAnswer, "status" | "error">): string {
  if (status !== undefined) return String(status);
  return error === "NGHTTP2_ENHANCE_YOUR_CALM" ? "8" : "close"; // The word of HTTP/2 for RESOURCE_EXHAUSTED.
}

/** Counts answers by kind. */
export function tally(): { count(answer: string): void; readonly answers: Record<string, number>; sent(): number } {
  const answers: Record<string, number> = {};
  return {
    answers,
    count(answer) {
      answers[answer] = (answers[answer] ?? 0) + 1;
    },
    sent: () => Object.values(answers).reduce((sum, count) => sum + count, 0),
  };
}
