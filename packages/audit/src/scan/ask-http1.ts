import type { Duplex } from "node:stream";
import { probePath } from "./ask-grpc.js";
import { userAgent } from "./http2-caller.js";
import { tapOn } from "./tap.js";

/**
 * Makes one request of HTTP/1.1 for a path that nobody serves, by the safe method GET (RFC 9110, section 9.2.1), and resolves
 * to its status; `undefined` for none. Only it shows whether a server that has asked for a certificate demands one.
 */
export async function askHttp1(below: Duplex, authority: string, timeoutMs: number): Promise<number | undefined> {
  const tap = tapOn(below);
  const status = () => /^HTTP\/1\.[01] (\d{3})/.exec(tap.received().toString("latin1"))?.[1];
  tap.stream.write(
    `GET ${probePath} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: ${userAgent}\r\nConnection: close\r\n\r\n`,
  );
  const until = performance.now() + timeoutMs;
  for (
    let left = timeoutMs;
    left > 0 && status() === undefined && tap.state() === "open";
    left = until - performance.now()
  )
    await tap.heard(left);
  tap.cut();
  return status() === undefined ? undefined : Number(status());
}
