/** The maximum number of retired methods in the trust. */
export const maximumRetiredMethods = 1_000;

/**
 * Makes the function that answers whether a method is retired, by its path, for example `/cafe.v1.GripperService/Grip`. An
 * entry is `package.Service/Method`, or `package.Service/*` for every method of the service.
 */
export function indexRetired(methods: readonly string[]): (path: string) => boolean {
  if (methods.length === 0) return never;
  const retired = new Set(methods.map((method) => `/${method}`));
  return (path) => retired.has(path) || retired.has(`${path.slice(0, path.lastIndexOf("/"))}/*`);
}

const never = () => false;
