import { InterlockError } from "@interlock/bot";
import { isServiceName } from "@interlock/policy";
import { isOwnService } from "../own-services.js";

/** The maximum number of methods in one request. */
export const maximumMethods = 100;

/** The maximum length of an entry, in characters. */
const maximumLength = 255;

/** Whether a service cannot be retired: without it, no bot would learn of anything, or no scan could prove anything. */
function isKept(service: string): boolean {
  return isOwnService(service) || service === "grpc.health.v1.Health";
}

/**
 * Checks the methods of a request, and returns each once. Throws `INVALID_ARGUMENT` for an entry that is neither
 * `package.Service/Method` nor `package.Service/*`, and for a service that cannot be retired.
 */
export function checkMethods(methods: readonly string[]): string[] {
  if (methods.length === 0 || methods.length > maximumMethods) throw invalid(`Name 1 to ${maximumMethods} methods.`);
  for (const method of methods) {
    const [service = "", name = "", ...rest] = method.split("/");
    const isNamed = /^(\*|[A-Za-z_]\w*)$/.test(name) && rest.length === 0 && method.length <= maximumLength;
    if (!isNamed || !isServiceName(service)) {
      throw invalid("A method is malformed: write package.Service/Method, or package.Service/* for all of a service.");
    }
    if (isKept(service)) throw invalid(`${service} cannot be retired: the fleet does not work without it.`);
  }
  return [...new Set(methods)];
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
