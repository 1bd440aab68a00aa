import { Agent, type RequestOptions, request } from "node:https";
import type { Socket } from "node:net";
import { certificatesToPem, type Identity } from "@interlock/bot";
import type { Authority } from "../authority.js";

/** An HTTPS answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The JSON body; empty when there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly socket: Socket;
}

/** The options of a request. */
export interface Question extends RequestOptions {
  readonly identity?: Pick<Identity, "chain" | "privateKey"> | undefined;
  /** The form to post. Default: none, the request is a GET. */
  readonly form?: Record<string, string> | string;
}

/** Sends one request to an authority's HTTPS port. Rejects when the connection ends without an answer. */
export function ask(authority: Authority, path: string, question: Question = {}): Promise<Answer> {
  const { identity, form, ...options } = question;
  const body = form === undefined ? undefined : typeof form === "string" ? form : String(new URLSearchParams(form));
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: "127.0.0.1",
      servername: "localhost",
      port: new URL(authority.issuer).port,
      path,
      ca: certificatesToPem([authority.caCertificate]),
      agent: options.agent ?? new Agent({ keepAlive: false, maxCachedSessions: 0 }),
      method: form === undefined ? "GET" : "POST",
      ...(identity && { key: identity.privateKey, cert: certificatesToPem(identity.chain) }),
      ...options,
      headers: {
        ...(form !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
        ...(options.headers as object),
      },
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const { socket } = response;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const json = text.startsWith("{") ? JSON.parse(text) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: json, text, socket });
      });
    });
    outgoing.end(body);
  });
}
