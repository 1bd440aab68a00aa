import type { IncomingMessage } from "node:http";

const absoluteForm = /^https?:\/\/[^/?#]*/i;

/**
 * The path of a request without the query: no route reads it, and it would leak into logs. A target in absolute form names
 * the same path (RFC 9112, section 3.2.2).
 */
export function pathOf({ url = "" }: Pick<IncomingMessage, "url">): string {
  const [path = ""] = url.replace(absoluteForm, "").split("?", 1);
  return path === "" ? "/" : path;
}

// A host and a port (RFC 3986, section 3.2.2): no user, no path, no space.
const hostForm = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=%-]*)(?::\d*)?$/i;

/**
 * Whether a request has at most one Host field, and a sound one (RFC 9112, section 3.2). Node itself refuses HTTP/1.1
 * without one.
 */
export function hasSoundHost({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">): boolean {
  const hosts = rawHeaders.filter((_text, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "host");
  return hosts.length <= 1 && hosts.every((host) => hostForm.test(host));
}
