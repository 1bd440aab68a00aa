import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { InterlockError } from "@interlock/bot";
import { printable, withoutConversion } from "@interlock/bot/internal";
import type { ServerCheck } from "./server-check.js";

/** The bounds of a request for a document. */
export interface DocumentLimits {
  /** How long all of it may take, in milliseconds. */
  readonly totalMs: number;
  /** How long nothing may arrive, in milliseconds. */
  readonly idleMs: number;
  readonly maximumBytes: number;
  /** Ends the request. Default: nothing does. */
  readonly signal?: AbortSignal | undefined;
}

const maximumHeaderBytes = 8_192;

/**
 * Gets a text over HTTPS: by a GET on a connection of its own, with TLS 1.2 or newer, no redirect followed. Nothing is sent before the
 * server has been checked.
 *
 * @throws InterlockError for a server that is refused, and for an answer that cannot be used; else the error of Node.
 */
export async function getDocument(url: URL, server: ServerCheck, limits: DocumentLimits): Promise<string> {
  const { totalMs, idleMs, signal } = limits;
  const late = new AbortController();
  const end = (text: string) => late.abort(new InterlockError("DEADLINE_EXCEEDED", text));
  const total = setTimeout(() => end(`The answer did not come within ${totalMs} ms.`), totalMs);
  const ended = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  let socket: TLSSocket | undefined;
  const destroy = () => socket?.destroy();
  ended.addEventListener("abort", destroy, { once: true });
  try {
    ended.throwIfAborted();
    socket = open(url, server);
    socket.setTimeout(idleMs, () => end(`Nothing came for ${idleMs} ms.`));
    await once(socket, "secureConnect", { signal: ended });
    return await readText(await ask(url, socket, ended), limits.maximumBytes);
  } catch (error) {
    throw ended.aborted ? ended.reason : error;
  } finally {
    clearTimeout(total);
    ended.removeEventListener("abort", destroy);
    destroy();
  }
}

function open({ hostname, port }: URL, { ca, check }: ServerCheck): TLSSocket {
  const host = hostname.replace(/^\[|\]$/g, "");
  // A chain of the partner's own CA could hold a key that Node does not survive to convert; the check reads bytes.
  const socket: TLSSocket = withoutConversion(
    connect({
      host,
      port: port === "" ? 443 : Number(port),
      servername: isIP(host) ? "" : host,
      ...(ca && { ca: [...ca] }), // An empty list is no CA at all.
      minVersion: "TLSv1.2",
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: true, // Written out, because the environment can change the default.
      checkServerIdentity: () => check(socket),
    }),
  );
  socket.on("error", () => {}); // The one that waits is told as well. A late error has no other listener.
  return socket;
}

async function ask(url: URL, socket: TLSSocket, signal: AbortSignal): Promise<IncomingMessage> {
  const sent = request({
    createConnection: () => socket,
    path: url.pathname + url.search,
    headers: { host: url.host, accept: "application/json", connection: "close" },
    maxHeaderSize: maximumHeaderBytes,
    signal,
  });
  sent.on("error", () => {});
  sent.end();
  const [response] = (await once(sent, "response", { signal })) as [IncomingMessage];
  return response;
}

async function readText(response: IncomingMessage, maximumBytes: number): Promise<string> {
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400) {
    const target = headers.location ? ` to ${printable(headers.location, { maximumLength: 200 })}` : "";
    throw answered(`it redirects${target}, which is not followed: name the address at which the bundle is`);
  }
  if (statusCode !== 200) throw answered(`it answers with the status ${statusCode}: is this the address of a bundle?`);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Buffer).length;
    if (length > maximumBytes) throw answered(`it answers with more than ${maximumBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw answered("its answer is no UTF-8");
  }
}

function answered(detail: string): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", `The bundle endpoint is of no use: ${detail}.`);
}
