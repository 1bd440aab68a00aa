import { create, type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Validator, type Violation } from "@bufbuild/protovalidate";
import { type Condition, compileCondition } from "./condition/compile-condition.js";
import { ConditionError } from "./condition/condition-error.js";
import { knownFields } from "./known-fields.js";
import { type RequestTypes, readRequestTypes } from "./request-types.js";

/** A constraint that a request does not satisfy. */
export interface FieldViolation {
  /** The path of the field in the request, for example `item.weight`; empty for the request itself. */
  readonly field: string;
  /** What is wrong with it. */
  readonly description: string;
  /** The id of the constraint, for example `double.lte`. */
  readonly rule: string;
}

/** What is checked of the requests of one method. */
export interface RequestChecks {
  /**
   * Holds a request against the `buf.validate` constraints of its type.
   *
   * @param request - The bytes of the message, as its generated codec has written it.
   * @returns What it does not satisfy, 32 at most; of a request of more than 16 KiB, only the first.
   * @throws An `Error` when a constraint cannot be evaluated.
   */
  violations(request: Uint8Array): readonly FieldViolation[];
  /**
   * Finds the first condition that is not true of a request.
   *
   * @param request - The bytes of the message, as its generated codec has written it.
   * @param conditions - CEL expressions over its fields. What they compile to is kept, 256 at most.
   * @returns The condition; `undefined` when all of them are true.
   */
  unmet(request: Uint8Array, conditions: readonly string[]): string | undefined;
}

/** How many violations of one request are told. */
const maximumViolations = 32;
/** The size of the largest request of which all violations are looked for, in bytes. */
const maximumFullBytes = 16_384;
/** How many compiled conditions are kept for one method. */
const maximumConditions = 256;

/**
 * Makes the checks of the requests of a service's methods.
 *
 * @param descriptors - The service's proto file with its imports: a serialized `google.protobuf.FileDescriptorSet` in base64,
 *   which a generated definition has.
 * @returns The function that makes the checks of one method, by its path. It throws an `Error` for an unknown method, and for
 *   constraints that do not compile.
 * @throws An `Error` when the descriptors cannot be read.
 *
 * @example
 * ```ts
 * const checks = createRequestChecks(GripperService.descriptors)("/cafe.v1.GripperService/Grip");
 * checks.unmet(GripRequest.encode({ newtons: 9 }).finish(), ["newtons <= 5"]); // "newtons <= 5"
 * ```
 */
export function createRequestChecks(descriptors: string): (path: string) => RequestChecks {
  const types = readRequestTypes(descriptors);
  const { registry } = types;
  const full = createValidator({ registry });
  const first = createValidator({ registry, failFast: true });
  return (path) => checksOf(path, types, { full, first });
}

interface Validators {
  readonly full: Validator;
  readonly first: Validator;
}

function checksOf(path: string, types: RequestTypes, { full, first }: Validators): RequestChecks {
  const request = types.of(path);
  if (!request) throw new Error(`${path} is not in the descriptors of its service: generate the code again.`);
  const desc: DescMessage = request;
  // Constraints are compiled when they are first needed: here, and not in a call.
  const compiled = full.validate(desc, create(desc));
  if (compiled.kind === "error") {
    throw new Error(`The constraints of ${desc.typeName} do not compile: ${compiled.error.message}`, {
      cause: compiled.error,
    });
  }
  const conditions = new Map<string, Condition>();

  function conditionOf(text: string): Condition {
    let condition = conditions.get(text);
    if (!condition) {
      condition = compile(text);
      const [oldest] = conditions.keys();
      if (conditions.size >= maximumConditions && oldest !== undefined) conditions.delete(oldest);
      conditions.set(text, condition);
    }
    return condition;
  }

  // A condition that does not fit the request is true of none: nobody gets more than was granted.
  function compile(text: string): Condition {
    try {
      return compileCondition(text, desc, types.registry);
    } catch (error) {
      if (error instanceof ConditionError) return () => false;
      throw error;
    }
  }

  const read = (bytes: Uint8Array) => fromBinary(desc, knownFields(desc, bytes));

  return {
    violations(bytes) {
      const result = (bytes.length > maximumFullBytes ? first : full).validate(desc, read(bytes));
      if (result.kind === "error") throw result.error;
      return (result.violations ?? []).slice(0, maximumViolations).map(toldOf);
    },
    unmet(bytes, wanted) {
      const message = read(bytes);
      return wanted.find((text) => !conditionOf(text)(message));
    },
  };
}

function toldOf({ field, message, ruleId }: Violation): FieldViolation {
  return { field: pathToString(field), description: message || `it does not satisfy ${ruleId}`, rule: ruleId };
}
