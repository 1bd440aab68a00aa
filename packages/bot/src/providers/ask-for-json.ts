import { request } from "node:https";
import type { SecureContextOptions } from "node:tls";

/** What an HTTPS request carries. */
export interface HttpsRequest {
  readonly url: URL;
  /** What is posted, `application/x-www-form-urlencoded`; a GET without it. */
  readonly form?: URLSearchParams | undefined;
  /** The CA to believe, and the certificate to show; the system's CAs, and none, unless said. */
  readonly tls?: SecureContextOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What came back. */
export interface HttpsAnswer {
  readonly status: number;
  /** `undefined` where an error was answered without JSON. */
  readonly body: unknown;
}

const timeoutMs = 5_000;
const maximumBytes = 256 * 1024;

/**
 * Asks for JSON over HTTPS: within 5 s, 256 KiB at the most, following no redirect, over a connection of its own. Rejects
 * with an `Error` that holds nothing of what was sent or answered.
 */
export function askForJson({ url, form, tls, signal }: HttpsRequest): Promise<HttpsAnswer> {
  if (url.protocol !== "https:") return Promise.reject(new Error(`${url.origin} is not https`));
  const timeout = AbortSignal.timeout(timeoutMs);
  return new Promise<HttpsAnswer>((resolve, reject) => {
    const body = form?.toString();
    const sent = request(url, {
      ...tls,
      agent: false,
      minVersion: "TLSv1.2",
      rejectUnauthorized: true, // Said, because the environment can change what is unsaid.
      method: body === undefined ? "GET" : "POST",
      headers: {
        accept: "application/json",
        ...(body !== undefined && {
          "content-type": "application/x-www-form-urlencoded",
          "content-length": Buffer.byteLength(body),
        }),
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
        else sent.destroy(new Error(`${url.origin} answered with more than ${maximumBytes} bytes`));
      });
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        const answered = parse(Buffer.concat(chunks).toString());
        if (answered !== undefined || status !== 200) resolve({ status, body: answered });
        else reject(new Error(`${url.origin} answered with something that is no JSON`));
      });
    });
    sent.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
