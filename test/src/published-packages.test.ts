import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { packAll } from "./npm.js";
import { type PackageManifest, publishedPackages, readManifest } from "./published-packages.js";

// What npm would show of our packages, and what is in them: the tarballs, as they would be published.
describe("the published packages", () => {
  let dir: string;
  const unpacked = new Map<string, { folder: string; manifest: PackageManifest }>();

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-published-"));
    for (const tarball of await packAll(dir)) {
      const folder = join(dir, basename(tarball, ".tgz"));
      await mkdir(folder);
      await unpack(tarball, folder);
      const manifest = readManifest(folder);
      unpacked.set(manifest.name, { folder, manifest });
    }
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("are all packed", () => {
    assert.deepEqual(
      [...unpacked.keys()].sort(),
      publishedPackages()
        .map(({ manifest }) => manifest.name)
        .sort(),
    );
  });

  for (const { folder: source, manifest } of publishedPackages()) {
    describe(manifest.name, () => {
      const packed = () => unpacked.get(manifest.name) ?? assert.fail("is not packed");

      it("says what it is, whose it is, and where it comes from", () => {
        const { manifest: shown } = packed();
        const home = "https://github.com/interlock-dev/interlock";
        assert.ok(shown.description);
        assert.equal(shown.license, "Apache-2.0");
        assert.ok((shown.keywords ?? []).includes("interlock") && (shown.keywords ?? []).length >= 3, "keywords");
        assert.equal(shown.homepage, `${home}/tree/main/${source}#readme`);
        assert.equal(shown.bugs, `${home}/issues`);
        assert.deepEqual(shown.repository, { type: "git", url: `git+${home}.git`, directory: source });
        assert.equal(shown.engines?.node, ">=20.19");
      });

      it("ships its README and the license", () => {
        for (const file of ["README.md", "LICENSE"]) assert.ok(existsSync(join(packed().folder, file)), file);
      });

      it("depends with a caret, but for what is exact for a reason", () => {
        // The text that ts-proto prints is no interface; and a condition is to mean the same on every machine.
        const exact = ["ts-proto", "@bufbuild/cel", "@bufbuild/protovalidate"];
        const pinned = Object.entries(packed().manifest.dependencies ?? {}).filter(
          ([name, range]) => !(exact.includes(name) ? /^\d+\.\d+\.\d+$/ : /^\^\d+\.\d+\.\d+$/).test(range),
        );
        assert.deepEqual(pinned, []);
      });

      it("ships no test, and no map to a file that it does not ship", () => {
        const { folder } = packed();
        const files = filesIn(folder);
        assert.deepEqual(
          files.filter((file) => /^dist\/(testing\/|.*\.test\.|.*\.tsbuildinfo$)/.test(file)),
          [],
        );
        assert.deepEqual(
          files.flatMap((file) => danglingMaps(join(folder, file))),
          [],
        );
      });
    });
  }
});

/** Unpacks a tarball of npm, whose one folder is `package`. */
async function unpack(tarball: string, folder: string): Promise<void> {
  await promisify(execFile)("tar", ["-xzf", tarball, "-C", folder, "--strip-components", "1"]);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** What a file names and is not shipped: its map, or, for a map, a source whose text it does not hold itself. */
function danglingMaps(file: string): string[] {
  const text = /\.(js|ts|map)$/.test(file) ? readFileSync(file, "utf8") : "";
  if (file.endsWith(".map")) {
    const { sources, sourcesContent = [] }: { sources: string[]; sourcesContent?: string[] } = JSON.parse(text);
    return sources
      .filter((source, i) => sourcesContent[i] === undefined && !existsSync(join(dirname(file), source)))
      .map((source) => `${basename(file)} names ${source}`);
  }
  const map = /^\/\/# sourceMappingURL=(\S+)$/m.exec(text)?.[1];
  return map && !existsSync(join(dirname(file), map)) ? [`${basename(file)} names ${map}`] : [];
}
