import type { OutgoingHttpHeaders } from "node:http";
import { request } from "node:https";
import type { SecureContextOptions } from "node:tls";
import { denial } from "../base/error.js";

/** An HTTPS request. */
export interface HttpsRequest {
  readonly url: URL;
  /** The form to post, `application/x-www-form-urlencoded`; without it the request is a GET. */
  readonly form?: URLSearchParams | undefined;
  /** The CA to believe, and the certificate to show. Default: the system's CAs, and no certificate. */
  readonly tls?: SecureContextOptions | undefined;
  /** The bearer token to show. Default: none. */
  readonly bearer?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The answer to an HTTPS request. */
export interface HttpsAnswer {
  readonly status: number;
  /** The parsed JSON; `undefined` when an error was answered without JSON. */
  readonly body: unknown;
}

const timeoutMs = 5_000;
const maximumBytes = 256 * 1024;
const json = "application/json";

/**
 * Requests JSON over HTTPS: within 5 s, 256 KiB at most, without redirects, over a connection of its own. Rejects with an
 * `Error` that holds nothing of the request or the answer: `ISSUER_UNUSABLE` for an answer that is too long, or no JSON.
 */
export function askForJson({ url, form, tls, bearer, signal }: HttpsRequest): Promise<HttpsAnswer> {
  if (url.protocol !== "https:") return Promise.reject(new Error(`${url.origin} is not https`));
  const timeout = AbortSignal.timeout(timeoutMs);
  return new Promise<HttpsAnswer>((resolve, reject) => {
    const body = form?.toString();
    const sent = request(url, {
      ...tls,
      agent: false,
      minVersion: "TLSv1.2",
      rejectUnauthorized: true, // Written out, because the environment can change the default.
      method: body === undefined ? "GET" : "POST",
      headers: {
        accept: json,
        ...(body !== undefined && formHeaders(body)),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    sent.once("error", (error: NodeJS.ErrnoException) => {
      reject(timeout.aborted ? new Error(`${url.origin} did not answer within ${timeoutMs} ms`) : error);
    });
    sent.once("response", (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("error", reject);
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length <= maximumBytes) chunks.push(chunk);
        else sent.destroy(denial("ISSUER_UNUSABLE", `${url.origin} answered with more than ${maximumBytes} bytes`));
      });
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        const answered = parse(Buffer.concat(chunks).toString());
        if (answered !== undefined || status !== 200) resolve({ status, body: answered });
        else reject(denial("ISSUER_UNUSABLE", `${url.origin} answered with something that is no JSON`));
      });
    });
    sent.end(body);
  });
}

function formHeaders(body: string): OutgoingHttpHeaders {
  return { "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
