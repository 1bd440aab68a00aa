import { Metadata } from "@grpc/grpc-js";
import type { Deprecation } from "@interlock/policy";

/*
 * What a server says of a deprecated method in the metadata of each answer, in the form of HTTP:
 *
 *   deprecation: @1767225600                               since when, RFC 9745; @0 where that is not known
 *   sunset: Fri, 01 Jan 2027 00:00:00 GMT                  from when on calls are refused, RFC 8594
 *   link: </cafe.v2.Gripper/Grip>; rel="successor-version" what to call instead, RFC 8288 and RFC 5829
 */
const deprecationKey = "deprecation";
const sunsetKey = "sunset";
const linkKey = "link";

/** What a replacement may look like to be linked: `package.Service/Method`, or `package.Service`. */
const replacementForm = /^[A-Za-z_][\w.]{0,511}(\/[A-Za-z_]\w{0,255})?$/;

/** Makes the metadata of a deprecation, to be made once for each method. */
export function deprecationMetadata({ since, sunset, replacement }: Deprecation): Metadata {
  const metadata = new Metadata();
  metadata.set(deprecationKey, `@${since === undefined ? 0 : Date.parse(since) / 1_000}`);
  if (sunset !== undefined) metadata.set(sunsetKey, new Date(sunset).toUTCString());
  if (replacement !== undefined && replacementForm.test(replacement))
    metadata.set(linkKey, `</${replacement}>; rel="successor-version"`);
  return metadata;
}

/**
 * Reads the deprecation in the metadata of an answer; `undefined` where there is none. Days are as in the policy; what is
 * malformed is left out.
 */
export function deprecationIn(metadata: Metadata): Deprecation | undefined {
  const seconds = /^@(\d{1,12})$/.exec(textIn(metadata, deprecationKey))?.[1];
  if (seconds === undefined) return undefined;
  const since = Number(seconds) === 0 ? undefined : dayOf(Number(seconds) * 1_000);
  const sunset = dayOf(Date.parse(textIn(metadata, sunsetKey)));
  const link = /<\/([^<>\s]{1,768})>\s*;\s*rel="?successor-version"?/.exec(textIn(metadata, linkKey))?.[1];
  return {
    ...(since !== undefined && { since }),
    ...(sunset !== undefined && { sunset }),
    ...(link !== undefined && replacementForm.test(link) && { replacement: link }),
  };
}

function textIn(metadata: Metadata, key: string): string {
  const [value] = metadata.get(key);
  return typeof value === "string" ? value.slice(0, maximumValue) : "";
}

/** How many characters of a value are read. */
const maximumValue = 1_024;

function dayOf(ms: number): string | undefined {
  return Number.isFinite(ms) && Math.abs(ms) <= latestMs ? new Date(ms).toISOString().slice(0, 10) : undefined;
}

/** The last day with four digits of the year. */
const latestMs = Date.parse("9999-12-31");
