import { denial, InterlockError } from "../base/error.js";
import { printable } from "../base/printable.js";
import { BadRequest } from "../gen/google/rpc/status.js";

/** A constraint that a request does not satisfy. */
export interface FieldViolation {
  /** The path of the field in the request; empty for the request itself. */
  readonly field: string;
  readonly description: string;
  /** The id of the constraint. */
  readonly rule: string;
}

/** How many violations are told, and how much of each text: all of them together fit into the status of a call. */
const maximumTold = 16;
const told = { maximumLength: 128 };

/**
 * The denial of a request that does not satisfy the constraints of its type: `INVALID_REQUEST` with the first violation, and all of
 * them as `google.rpc.BadRequest`.
 */
export function invalidRequest(violations: readonly FieldViolation[]): InterlockError {
  const shown = violations.slice(0, maximumTold).map(({ field, description, rule }) => ({
    field: printable(field, told), // A key of a map is the caller's.
    description: printable(description, told),
    reason: printable(rule, told),
  }));
  const [first] = shown;
  const where = first?.field ? `${first.field}: ` : "";
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  const { code, message, reason = "" } = denial("INVALID_REQUEST", `${where}${first?.description ?? ""}${more}`);
  const metadata = { field: first?.field ?? "", rule: first?.reason ?? "" };
  return new InterlockError(code, message, { reason, metadata, details: detailsThatFit(shown) });
}

/** As many of the violations as a status has room for beside its message; see `encodeStatus`. */
function detailsThatFit(violations: readonly { field: string; description: string; reason: string }[]) {
  let fieldViolations = violations;
  for (;;) {
    const detail = InterlockError.detail("google.rpc.BadRequest", BadRequest, {
      fieldViolations: [...fieldViolations],
    });
    if (detail.value.length <= maximumDetailBytes || fieldViolations.length <= 1) return [detail];
    fieldViolations = fieldViolations.slice(0, fieldViolations.length - 1);
  }
}

const maximumDetailBytes = 2_048;
