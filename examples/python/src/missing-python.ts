import { python, run } from "./processes.js";

/** Returns why this machine's Python cannot run the bot, and what to install; `undefined` if it can. */
export async function missingPython(): Promise<string | undefined> {
  const [command = ""] = python("");
  const packages = "python3-grpcio python3-protobuf python3-jwt python3-cryptography";
  const wanted = run([command, "-c", "import cryptography, google.protobuf, grpc, jwt"], ".");
  const { code, stderr } = await wanted.catch((error) => ({ code: 1, stderr: String(error) }));
  if (code === 0) return undefined;
  const said = stderr.trim().split("\n").at(-1);
  return `examples/python needs ${packages} (apt install …), or PYTHON=<one that has them>: ${said}`;
}
