/** What is retired. */
export interface RetireSubject {
  readonly kind: "bot" | "method" | "service";
  /** `gripper/1`, `package.Service/Method`, or `package.Service`. */
  readonly name: string;
}

/** A subject in words, for example `bot gripper/1`. */
export function subjectText({ kind, name }: RetireSubject): string {
  return `${kind} ${name}`;
}

/** The full name of a method's service: what stands before the slash. */
export function serviceOf(method: string): string {
  return method.slice(0, method.indexOf("/"));
}
