// Tests the Python package: with the oldest grpcio that it supports on the oldest Python here, and with the newest on the
// newest. Makes virtual environments in python/.venvs, with pip. Run by `npm run python`.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "python");

// The oldest release of grpcio with a wheel, by Python's version; the floor of pyproject.toml where there is one.
const floor = ["grpcio==1.51.1", "grpcio-tools==1.51.1", "protobuf==4.21.12", "cryptography==38.0.4", "setuptools<80"];
const oldest = {
  "3.10": floor,
  3.11: floor,
  3.12: ["grpcio==1.60.1", "grpcio-tools==1.60.1"],
  3.13: ["grpcio==1.66.2", "grpcio-tools==1.66.2"],
};
const newest = ["grpcio", "grpcio-tools", "protobuf", "cryptography"];
const tools = ["mypy", "ruff"];

const pythons = findPythons();
const [first] = pythons;
const last = pythons.at(-1);
if (!first || !last) {
  console.log("skipped: npm run python needs Python 3.10 or later on the PATH (apt install python3 python3-venv).");
  process.exit(0);
}
const runs = [
  { label: "oldest", python: first, packages: oldest[first.version] ?? newest, extra: [] },
  { label: "newest", python: last, packages: newest, extra: tools },
];

const table = [];
let failed = false;
for (const { label, python, packages, extra } of runs) {
  const venv = makeVenv(label, python, [...packages, ...extra, "pytest", "pytest-timeout"]);
  if (label === "newest") {
    failed = !run(venv, ["-m", "ruff", "format", "--check", "."]) || failed;
    failed = !run(venv, ["-m", "ruff", "check", "."]) || failed;
    failed = !run(venv, ["-m", "mypy"]) || failed;
  }
  // Tokens in the cases are valid for five minutes.
  execFileSync(process.execPath, [join(root, "test/dist/python/main.js"), join(folder, "tests/cases.json")]);
  const tests = ["tests/test_cases.py", "tests/test_units.py", "tests/test_usage.py", "tests/test_fleet.py"];
  const { status, stdout } = spawnSync(
    venv,
    ["-m", "pytest", "-q", "--timeout", "180", "-p", "no:logging", "-W", "ignore", ...tests, ...process.argv.slice(2)],
    {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, NODE: process.execPath, GRPC_VERBOSITY: "NONE" },
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 64 * 1_024 * 1_024,
    },
  );
  if (status !== 0) console.log(stdout);
  failed = status !== 0 || failed;
  const result = stdout.trim().split("\n").at(-1)?.replaceAll("=", "").trim();
  table.push({ label, python: versionOf(venv), ...versionsOf(venv), result: result ?? "" });
}
console.table(table);
process.exit(failed ? 1 : 0);

/** Every Python from 3.10 on: on the PATH, and of pyenv; one of each version, the oldest first. */
function findPythons() {
  const names = ["python3", ...Array.from({ length: 10 }, (_, i) => `python3.${10 + i}`)];
  const pyenv = spawnSync("pyenv", ["root"], { encoding: "utf8" }).stdout?.trim();
  const kept = pyenv && existsSync(join(pyenv, "versions")) ? readdirSync(join(pyenv, "versions")) : [];
  const found = new Map();
  for (const path of [...names, ...kept.map((name) => join(pyenv, "versions", name, "bin", "python"))]) {
    const asked = spawnSync(path, ["-c", "import sys, venv, ensurepip; print(sys.executable, *sys.version_info[:2])"], {
      encoding: "utf8",
    });
    const [executable, major, minor] = asked.status === 0 ? asked.stdout.trim().split(" ") : [];
    if (major === "3" && Number(minor) >= 10) found.set(Number(minor), { path: executable, version: `3.${minor}` });
  }
  return [...found].sort(([a], [b]) => a - b).map(([, python]) => python);
}

/** Makes a virtual environment, unless it is there with the same packages. Gives its Python. */
function makeVenv(label, { path, version }, packages) {
  const venv = join(folder, ".venvs", `${label}-${version}`);
  const python = join(venv, "bin", "python");
  const stamp = join(venv, "packages.txt");
  const wanted = packages.join("\n");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return python;
  execFileSync(path, ["-m", "venv", "--clear", venv], { stdio: "inherit" });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"];
  execFileSync(python, [...pip, ...packages], { stdio: "inherit" });
  writeFileSync(stamp, wanted);
  return python;
}

function run(python, args) {
  return spawnSync(python, args, { cwd: folder, stdio: "inherit" }).status === 0;
}

function versionOf(python) {
  return execFileSync(python, ["-c", "import platform; print(platform.python_version())"], { encoding: "utf8" }).trim();
}

function versionsOf(python) {
  const names = ["grpcio", "protobuf", "cryptography"];
  const script = `from importlib.metadata import version\nprint(*(version(name) for name in ${JSON.stringify(names)}))`;
  const versions = execFileSync(python, ["-c", script], { encoding: "utf8" }).trim().split(" ");
  return Object.fromEntries(names.map((name, i) => [name, versions[i]]));
}
