import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { bufConfig } from "../buf-config.js";
import { runBuf } from "../run-buf.js";
import { unknownService } from "./apply-overlay.js";
import type { Overlay } from "./overlay.js";

/**
 * Finds the services of an overlay that no proto file of the workspace has. One run may generate a part of the workspace only, so
 * the run itself cannot tell. Finds none where the workspace does not compile, which is a fault of its own.
 */
export async function findUnknownServices(workspace: string, protos: string, overlay: Overlay): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-overlay-"));
  try {
    const image = join(folder, "image.binpb");
    const args = ["build", ".", ...bufConfig(workspace, protos), "--as-file-descriptor-set", "--output", image];
    const { failure } = await runBuf(workspace, args);
    if (failure !== undefined) return [];
    const { file } = fromBinary(FileDescriptorSetSchema, await readFile(image));
    const known = new Set(file.flatMap((one) => one.service.map(({ name }) => fullName(one.package, name))));
    return overlay.services.filter(({ name }) => !known.has(name)).map(unknownService);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fullName(pack: string, name: string): string {
  return pack === "" ? name : `${pack}.${name}`;
}
