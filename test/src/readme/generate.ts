import { GenerateError, generate } from "protoc-gen-interlock";

try {
  const { files, manifest } = await generate({ workspace: ".", protos: "protos", out: "src/gen" });
  for (const { name, methods } of manifest.services) {
    console.log(`${name}: ${methods.map((method) => method.name).join(", ")}`);
  }
  console.log(`${files.length} files written`);
} catch (error) {
  if (!(error instanceof GenerateError)) throw error;
  console.error(error.message); // Each fault with its file, line and column.
  process.exitCode = 1;
}
