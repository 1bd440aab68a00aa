import type { Approval } from "@interlock/bot/protocol";

/** The longest text of a request that a table shows, in characters. */
const maximumLength = 400;

/**
 * Writes the request of an approval as JSON, by the descriptors of this project, so that an operator sees what would be sent: all of
 * it, or the beginning for a table. Where this project does not have the method, or where the server could read something else in
 * the bytes, they are shown in base64: the words of the bot that asks are never shown in their place.
 */
export async function requestText(
  { method, request }: Approval,
  project: { readonly protos: string; readonly manifest: string },
  { whole = false } = {},
): Promise<string> {
  const { findMethod } = await import("./call/find-method.js");
  const { isPlainMessage } = await import("@interlock/validate");
  const written = whole ? (text: string) => text : short;
  try {
    const { show, input } = await findMethod(method, project);
    if (show && input && isPlainMessage(input, request)) return written(JSON.stringify(show(Uint8Array.from(request))));
  } catch {
    // Another project's method, or a message that its descriptors cannot read.
  }
  return `base64:${written(Buffer.from(request).toString("base64"))}`;
}

function short(text: string): string {
  return text.length <= maximumLength ? text : `${text.slice(0, maximumLength)}… (${text.length} characters)`;
}
