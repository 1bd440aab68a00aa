import { python, run } from "./processes.js";

/** Returns why this machine's Python cannot run the bot, and what to install; `undefined` if it can. */
export async function missingPython(): Promise<string | undefined> {
  const packages = "python3-grpcio python3-grpc-tools python3-protobuf python3-cryptography";
  const wanted = run(python("-c", "import cryptography, google.protobuf, grpc, grpc_tools"), ".");
  const { code, stderr } = await wanted.catch((error) => ({ code: 1, stderr: String(error) }));
  if (code === 0) return undefined;
  const said = stderr.trim().split("\n").at(-1);
  return `examples/python needs ${packages} (apt install …), or PYTHON=<one that has them>: ${said}`;
}
