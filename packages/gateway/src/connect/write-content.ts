import type { ServerResponse } from "node:http";

/** How long a caller may read nothing of an answer that waits for it, in milliseconds. Its connection is cut then. */
export const defaultUnreadMs = 30_000;

/** What is written at once, in bytes: a caller has to read as many within the time that it may read nothing. */
const pieceBytes = 65_536;

/** Writes content in pieces. Resolves when all of it has gone, or nobody reads it any more. */
export async function writeContent(response: ServerResponse, content: Buffer, unreadMs: number): Promise<void> {
  for (let at = 0; at < content.length && !response.destroyed; at += pieceBytes) {
    if (!response.write(content.subarray(at, at + pieceBytes))) await roomIn(response, unreadMs);
  }
}

/** Ends an answer with its last content, as {@link writeContent} does. */
export async function endWithContent(response: ServerResponse, content: Buffer, unreadMs: number): Promise<void> {
  const last = Math.max(0, content.length - pieceBytes);
  if (last > 0) await writeContent(response, content.subarray(0, last), unreadMs);
  if (response.destroyed) return;
  const timer = setTimeout(() => response.destroy(), unreadMs).unref();
  response.once("close", () => clearTimeout(timer));
  response.end(content.subarray(last));
}

/** Resolves when a response has room, or nobody reads it any more. */
function roomIn(response: ServerResponse, unreadMs: number): Promise<void> {
  if (response.destroyed || response.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), unreadMs).unref();
    const done = () => {
      clearTimeout(timer);
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
