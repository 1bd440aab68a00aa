const form = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** Whether `text` is a well-formed full name of a gRPC service, for example `cafe.gripper.v1.GripperService`. */
export function isServiceName(text: string): boolean {
  return text.length <= 256 && form.test(text);
}
