/** A permission, `resource:action` in lower case, for example `gripper:actuate`. */
export type Scope = `${string}:${string}`;

const form = /^[a-z][a-z0-9_.-]*:[a-z][a-z0-9_.-]*$/;

/** Whether `text` is a well-formed scope. */
export function isScope(text: string): text is Scope {
  return text.length <= 128 && form.test(text);
}
