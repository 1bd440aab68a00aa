import type { AnyMethod, ServiceDefinition } from "@interlock/policy";
import { argumentNotAllowed } from "../admission/authorize.js";
import { conditionsOf } from "../admission/conditions.js";
import type { InterlockError } from "../base/error.js";
import { type FieldViolation, invalidRequest } from "./invalid-request.js";
import type { LiveCall } from "./live-call.js";

/** What `@interlock/validate` checks of the requests of one method. */
interface RequestChecks {
  violations(request: Uint8Array): readonly FieldViolation[];
  unmet(request: Uint8Array, conditions: readonly string[]): string | undefined;
}

/** The part of `@interlock/validate` that a server uses. */
export interface Validator {
  createRequestChecks(descriptors: string): (path: string) => RequestChecks;
}

/** Checks the requests of one method before its handler gets them. */
export interface RequestGuard {
  /** Resolves when requests of a call can be checked; `undefined` when they can be now, or need no check. */
  wait(live: LiveCall): Promise<void> | undefined;
  /**
   * Says why a request is refused: `INVALID_REQUEST` by the constraints of its type, `ARGUMENT_NOT_ALLOWED` by the conditions under
   * which the caller holds the scopes now. `undefined` for one that the handler may get.
   */
  fault(request: unknown, live: LiveCall): InterlockError | undefined;
}

/** The guards of a server, which load `@interlock/validate` when it is first needed. */
export interface RequestGuards {
  /** Makes the guard of a method. */
  guard(service: ServiceDefinition, method: AnyMethod): RequestGuard;
  /**
   * Compiles the constraints of the methods that have some.
   *
   * @throws An `Error` that says what to install, or which constraint does not compile.
   */
  prepare(): Promise<void>;
}

const loadValidator = (): Promise<Validator> => import("@interlock/validate");

/** Makes the guards of a server. `load` is for tests. */
export function createRequestGuards(load: () => Promise<Validator> = loadValidator): RequestGuards {
  const constrained: (() => Promise<unknown>)[] = [];
  const services = new WeakMap<ServiceDefinition, (path: string) => RequestChecks>();
  let loading: Promise<Validator> | undefined;

  async function checksOf(service: ServiceDefinition, { path }: AnyMethod): Promise<RequestChecks> {
    loading ??= load(); // What is missing stays missing while the process lives.
    const { createRequestChecks } = await loading;
    let ofService = services.get(service);
    if (!ofService) {
      if (service.descriptors === undefined)
        throw new Error(`${service.name} has no descriptors: generate the code again with "interlock generate".`);
      ofService = createRequestChecks(service.descriptors);
      services.set(service, ofService);
    }
    return ofService(path);
  }

  function guard(service: ServiceDefinition, method: AnyMethod): RequestGuard {
    const isConstrained = method.constrained === true;
    let checks: RequestChecks | undefined;
    let failure: unknown;
    let making: Promise<void> | undefined;

    async function make(): Promise<void> {
      try {
        checks = await checksOf(service, method);
      } catch (error) {
        failure = isMissing(error) ? missing(method, error) : error;
      }
    }

    if (isConstrained) {
      constrained.push(async () => {
        await make();
        if (failure !== undefined) throw failure;
      });
    }
    return {
      wait(live) {
        if (checks || failure !== undefined) return undefined;
        if (!isConstrained && conditionsNow(live).length === 0) return undefined;
        making ??= make();
        return making;
      },
      fault(request, live) {
        const conditions = conditionsNow(live);
        if (!isConstrained && conditions.length === 0) return undefined;
        if (!checks && isConstrained) throw failure;
        if (!checks) return argumentNotAllowed(conditions, "this bot cannot check it: it needs @interlock/validate");
        // As the handler gets it: another reader of the bytes that have come may see something else in them.
        const bytes = method.request.encode(request).finish();
        if (isConstrained) {
          const violations = checks.violations(bytes);
          if (violations.length > 0) return invalidRequest(violations);
        }
        const unmet = conditions.length > 0 ? checks.unmet(bytes, conditions) : undefined;
        return unmet === undefined ? undefined : argumentNotAllowed([unmet], "the request asks for something else");
      },
    };

    function conditionsNow({ bearer, caller }: LiveCall): readonly string[] {
      return conditionsOf(method, bearer?.token ?? caller);
    }
  }

  return {
    guard,
    async prepare() {
      for (const make of constrained) await make();
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
}

function missing({ path }: AnyMethod, cause: unknown): Error {
  const text = `${path} has buf.validate constraints, and the package that checks them is not installed: npm install @interlock/validate`;
  return new Error(text, { cause });
}
