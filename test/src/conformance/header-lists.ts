import { Metadata } from "@interlock/bot";
import type { Header } from "../gen/connectrpc/conformance/v1/service.js";

// A header of the suite holds text: the bytes of a name that ends with "-bin" are in Base64.

/** The headers of the suite in metadata. */
export function headersOf(metadata: Metadata): Header[] {
  return Object.keys(metadata.getMap()).map((name) => ({
    name,
    value: metadata.get(name).map((value) => (typeof value === "string" ? value : withoutPadding(value))),
  }));
}

/** Adds headers of the suite to metadata. */
export function addHeaders(metadata: Metadata, headers: readonly Header[]): void {
  for (const { name, value } of headers) {
    for (const text of value) {
      metadata.add(name, name.toLowerCase().endsWith("-bin") ? Buffer.from(text, "base64") : text);
    }
  }
}

/** Headers of the suite as metadata. */
export function metadataOf(headers: readonly Header[]): Metadata {
  const metadata = new Metadata();
  addHeaders(metadata, headers);
  return metadata;
}

function withoutPadding(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
