import type { DescEnum, DescFile, DescMessage } from "@bufbuild/protobuf";

/** The files to generate and those with a message or enum that they use, directly or not. The policy options are not used. */
export function neededFiles(files: readonly DescFile[]): DescFile[] {
  const needed = new Set<DescFile>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (needed.has(file)) continue;
    needed.add(file);
    for (const message of file.messages) visit(message);
    for (const { methods } of file.services) for (const { input, output } of methods) need(input, output);
  }
  return [...needed];

  function visit(message: DescMessage): void {
    for (const { message: one, enum: two } of message.fields) need(one, two);
    message.nestedMessages.forEach(visit);
  }

  function need(...types: (DescMessage | DescEnum | undefined)[]): void {
    for (const type of types) if (type && !needed.has(type.file)) waiting.push(type.file);
  }
}
