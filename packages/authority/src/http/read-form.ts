import type { IncomingMessage } from "node:http";
import { oauthError } from "./oauth-error.js";

/** The longest body that is read, in bytes: two tokens of the longest there are, and room. */
export const maximumBodyLength = 32 * 1024;

/**
 * Reads the parameters of a request (`application/x-www-form-urlencoded`). Those without a value count as left out
 * (RFC 6749, section 3.2). Rejects with `invalid_request`.
 */
export async function readForm(request: IncomingMessage): Promise<ReadonlyMap<string, readonly string[]>> {
  const [type = ""] = (request.headers["content-type"] ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/x-www-form-urlencoded") {
    throw oauthError("invalid_request", "Send the parameters as application/x-www-form-urlencoded.");
  }
  const body = await readBody(request);
  const form = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(body.toString())) {
    if (value !== "") form.set(name, [...(form.get(name) ?? []), value]);
  }
  return form;
}

// Not with `for await`, which ends the connection when it is left, and with it the answer.
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maximumBodyLength) return void chunks.push(chunk);
      request.pause();
      reject(oauthError("invalid_request", `The body is longer than ${maximumBodyLength} bytes.`));
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("close", () => reject(oauthError("invalid_request", "The request was cut short.")));
  });
}

/** The one value of a parameter, if it is there. Throws `invalid_request` when it is there twice (RFC 6749, section 3.2). */
export function parameter(form: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  const values = form.get(name) ?? [];
  if (values.length > 1) throw oauthError("invalid_request", `Send ${name} once.`);
  return values[0];
}

/** The one value of a parameter that has to be there. */
export function required(form: ReadonlyMap<string, readonly string[]>, name: string): string {
  const value = parameter(form, name);
  if (value === undefined) throw oauthError("invalid_request", `${name} is missing.`);
  return value;
}
