import { InterlockError } from "@interlock/bot";
import { parseSpiffeId } from "@interlock/policy";

/**
 * A place where a bundle is published, and how its server proves what it is (SPIFFE Federation, section 5.2): by a certificate of the
 * Web PKI for the host of the URL, or by the X.509-SVID of a SPIFFE ID, whatever the host.
 */
export type BundleEndpoint =
  | { readonly url: string; readonly profile: "https_web" }
  | { readonly url: string; readonly profile: "https_spiffe"; readonly spiffeId: string };

/** The longest URL of an endpoint, in characters. */
const maximumUrlLength = 2_048;

/**
 * Checks an endpoint before it is kept or asked.
 *
 * @returns Its URL.
 * @throws InterlockError `INVALID_ARGUMENT` that says what to write instead.
 */
export function checkBundleEndpoint(endpoint: BundleEndpoint): URL {
  const { url, profile } = endpoint;
  if (profile !== "https_web" && profile !== "https_spiffe") {
    throw invalid("The profile of a bundle endpoint is https_web or https_spiffe.");
  }
  if (profile === "https_spiffe" && !parseSpiffeId(endpoint.spiffeId)) {
    throw invalid(
      "An endpoint of the profile https_spiffe has a SPIFFE ID, such as spiffe://partner.example/spire/server.",
    );
  }
  const parsed = url.length <= maximumUrlLength && URL.canParse(url) ? new URL(url) : undefined;
  // SPIFFE Federation, sections 5.2.1.1 and 5.2.2.1.
  if (parsed?.protocol !== "https:" || parsed.username !== "" || parsed.password !== "") {
    throw invalid("The URL of a bundle endpoint begins with https:// and holds no user and no password.");
  }
  return parsed;
}

/** Whether two endpoints are the same place, proved in the same way. */
export function isSameEndpoint(a: BundleEndpoint, b: BundleEndpoint): boolean {
  return a.url === b.url && a.profile === b.profile && spiffeIdOf(a) === spiffeIdOf(b);
}

function spiffeIdOf(endpoint: BundleEndpoint): string | undefined {
  return endpoint.profile === "https_spiffe" ? endpoint.spiffeId : undefined;
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
