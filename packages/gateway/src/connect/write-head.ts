import type { IncomingMessage, ServerResponse } from "node:http";

// What Node sends as the value of a header (RFC 9110, section 5.5). A bot's metadata may have more, and is left out then.
const sendable = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The rest of a request up to this length is read, so that its connection can serve the next one. */
const maximumRestBytes = 65_536;

/** Whether a caller sends its body only when it is asked for it. */
export function waitsToBeAsked({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return headers.expect?.toLowerCase() === "100-continue";
}

/**
 * Writes the status and the headers of an answer.
 *
 * @param headers - Names and values in turn.
 */
export function writeHead(response: ServerResponse, status: number, headers: readonly string[]): void {
  const { req } = response;
  const list: string[] = ["cache-control", "no-store", "x-content-type-options", "nosniff"];
  if (headers.includes("cache-control")) list.splice(0, 2);
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string;
    if (sendable.test(value)) list.push(headers[i] as string, value);
  }
  // The unread rest of a request would be parsed as the beginning of the next one.
  // Nobody knows whether it comes, where the caller waits to be asked for it (RFC 9110, section 10.1.1).
  const isShort = Number(req.headers["content-length"]) <= maximumRestBytes && !waitsToBeAsked(req);
  if (!req.complete && !isShort) list.push("connection", "close");
  response.writeHead(status, list);
}
