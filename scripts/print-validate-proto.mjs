// Writes the proto file of the buf.validate options into @interlock/validate, so that users can import it without a network.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { validateProto, validateProtoPath } from "../packages/validate/dist/proto/index.js";

const target = join(fileURLToPath(new URL("..", import.meta.url)), "packages/validate/protos", validateProtoPath);
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, validateProto());
