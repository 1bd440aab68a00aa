import type { IncomingMessage } from "node:http";
import { oauthError } from "./oauth-error.js";

/** The maximum length of a body, in bytes: enough for two tokens of maximum length. */
export const maximumBodyLength = 32 * 1024;

/**
 * Reads the parameters of a request (`application/x-www-form-urlencoded`). Parameters without a value count as omitted
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

// Not with `for await`: leaving the loop would destroy the connection before the answer.
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
    request.once("close", () => reject(oauthError("invalid_request", "The request ended early.")));
  });
}

/** Returns the value of a parameter, if there is one. Throws `invalid_request` for several (RFC 6749, section 3.2). */
export function parameter(form: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  const values = form.get(name) ?? [];
  if (values.length > 1) throw oauthError("invalid_request", `Send ${name} once.`);
  return values[0];
}

/** Returns the value of a required parameter. Throws `invalid_request` when it is missing. */
export function required(form: ReadonlyMap<string, readonly string[]>, name: string): string {
  const value = parameter(form, name);
  if (value === undefined) throw oauthError("invalid_request", `${name} is missing.`);
  return value;
}
