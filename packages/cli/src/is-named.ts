/**
 * Whether a service, or a `Service/Method`, is the one that was named: by its full name, or without the package. A name with
 * a package is the whole name: `acme.v1.Arm` is not `plant.acme.v1.Arm`.
 */
export function isNamed(fullName: string, wanted: string): boolean {
  return fullName === wanted || (!wanted.includes(".") && fullName.endsWith(`.${wanted}`));
}
