import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { root } from "../structure/source-graph.js";
import { readComposeFile } from "./compose-file.js";
import { readContainerFile, settingsOf } from "./container-file.js";

const deploy = join(root, "deploy");
const chart = join(deploy, "helm/interlock");

/** The command in the environment variable, or on the PATH; `undefined` when it does not run. */
function find(variable: string, command: string, ...args: string[]): string | undefined {
  const said = process.env[variable] ?? command;
  return spawnSync(said, args, { stdio: "ignore" }).status === 0 ? said : undefined;
}

interface Run {
  readonly code: number | null;
  readonly text: string;
}

function run(command: string, ...args: string[]): Run {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return { code: status, text: `${stdout}${stderr}` };
}

// biome-ignore lint/suspicious/noExplicitAny: manifests of many kinds; the assertions say what is expected in them.
type Manifest = Record<string, any>;

function manifestsOf(yaml: string): Manifest[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS())
    .filter((found) => found !== null);
}

/** What is wrong with the pods of manifests, by the restricted standard for pods and our own rules. */
function podFaults(manifests: readonly Manifest[]): string[] {
  const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy");
  const accounts = manifests.filter(({ kind }) => kind === "ServiceAccount").map(({ metadata }) => metadata.name);
  return manifests
    .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
    .flatMap(({ metadata: { name }, spec: { template } }) => {
      const { spec, metadata } = template;
      const faults: string[] = [];
      const must = (holds: unknown, what: string) => void (holds || faults.push(`${name}: ${what}`));
      must(accounts.includes(spec.serviceAccountName), "a ServiceAccount of its own");
      must(spec.automountServiceAccountToken === false, "no token that nobody asked for");
      must(spec.securityContext.runAsNonRoot && spec.securityContext.runAsUser >= 10_000, "a numeric user");
      must(spec.securityContext.seccompProfile.type === "RuntimeDefault", "a seccomp profile");
      const covered = policies.some(({ spec: policy }) => {
        const labels = Object.entries(policy.podSelector.matchLabels);
        return policy.policyTypes.length === 2 && labels.every(([key, value]) => metadata.labels[key] === value);
      });
      must(covered, "a NetworkPolicy for both directions");
      for (const container of spec.containers) {
        const { securityContext: security } = container;
        must(security.readOnlyRootFilesystem, "a read-only root");
        must(security.allowPrivilegeEscalation === false, "no escalation");
        must(String(security.capabilities.drop) === "ALL", "no capabilities");
        must(container.resources.limits.memory, "a bound of memory");
        for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
          must(container[probe].exec.command.join(" ").startsWith("interlock health"), `${probe} by interlock health`);
        }
        must(container.livenessProbe.exec.command.includes("--live"), "a liveness that a dependency cannot end");
        // Our own tokens are for the authority alone, and short.
        for (const { projected } of spec.volumes.filter(
          (volume: Manifest) => volume.projected && volume.name === "token",
        )) {
          const [{ serviceAccountToken: token }] = projected.sources;
          must(/^spiffe:\/\/.+\/interlock\/authority$/.test(token.audience), "a token for the authority alone");
          must(token.expirationSeconds <= 3_600, "a token of an hour at most");
        }
      }
      return faults;
    });
}

describe("deploy/", () => {
  const validate = find("INTERLOCK_KUBERNETES_VALIDATE", "kubernetes-validate", "--version");
  const helm = find("INTERLOCK_HELM", "helm", "version");
  const systemd = find("INTERLOCK_SYSTEMD_ANALYZE", "systemd-analyze", "--version");

  /** Skips a test with one line that says what to install. */
  function skip(context: Mocha.Context, what: string): never {
    process.stderr.write(`  skipped: ${what}\n`);
    return context.skip();
  }

  function validateManifests(context: Mocha.Context, ...files: string[]): void {
    if (!validate) skip(context, "kubernetes-validate is not here: pip install kubernetes-validate");
    const { code, text } = run(validate, "--strict", "--quiet", ...files);
    assert.equal(code, 0, text);
  }

  it("the container runs as a number, with its state in a volume, and the image has no compiler", () => {
    const stages = readContainerFile();
    assert.deepEqual(
      stages.map(({ name }) => name),
      ["build", "interlock", "hello"],
    );
    for (const target of ["interlock", "hello"]) {
      const { user, workdir, env } = settingsOf(target);
      assert.deepEqual(
        [user, workdir, env.INTERLOCK_HOME],
        ["10001:10001", "/var/lib/interlock", "/var/lib/interlock/.interlock"],
      );
    }
    const copied = stages.slice(1).flatMap(({ instructions }) => instructions.filter(({ name }) => name === "COPY"));
    assert.ok(copied.length > 0 && copied.every(({ value }) => value.startsWith("--from=build ")));
    assert.ok(stages.every(({ instructions }) => instructions.every(({ name }) => name !== "ADD")));
  });

  it("compose.yaml has hardened services with health checks, and no secret in it", () => {
    const { services, volumes } = readComposeFile();
    const ours = Object.entries(services).filter(([name]) => name !== "postgres");
    for (const [name, service] of ours) {
      assert.deepEqual(
        [service.read_only, service.user, service.cap_drop, service.security_opt],
        [true, "10001:10001", ["ALL"], ["no-new-privileges:true"]],
        name,
      );
      const { target } = service.build ?? {};
      assert.ok(target && readContainerFile().some((stage) => stage.name === target), name);
      if (service.profiles || !service.command?.some((one) => /deployed|^up$/.test(one))) continue;
      assert.equal(service.healthcheck?.test.slice(0, 3).join(" "), "CMD interlock health", name);
    }
    for (const [name, { environment = {}, command = [], volumes: mounted = [], ports = [] }] of Object.entries(
      services,
    )) {
      for (const [key, value] of Object.entries({ ...environment, command: command.join(" ") })) {
        assert.ok(!/password=|passphrase=|ILK1-|:\/\/[^/]*:[^/]*@/i.test(`${key}=${value}`), `${name}: ${key}`);
        if (/PASSWORD|SECRET|TOKEN|PASSPHRASE/.test(key)) assert.match(key, /_FILE$/, name);
      }
      for (const volume of mounted) {
        const [source = ""] = volume.split(":");
        assert.ok(source.startsWith("..") || Object.hasOwn(volumes, source), `${name}: ${volume}`);
        if (source === "secrets" && name !== "secrets") assert.match(volume, /:ro$/, name);
      }
      assert.ok(
        ports.every((port) => port.startsWith("127.0.0.1:")),
        name,
      );
    }
    const holders = Object.entries(services).filter(([, { volumes: all = [] }]) =>
      all.some((one) => one.startsWith("secrets:")),
    );
    assert.deepEqual(holders.map(([name]) => name).sort(), ["authority", "postgres", "secrets"]);
  });

  it("the systemd units are sound, and exposed to 2.5 at most", function () {
    if (!systemd) skip(this, "systemd-analyze is not here: install systemd");
    for (const unit of readdirSync(join(deploy, "systemd"))) {
      const path = join(deploy, "systemd", unit);
      const { code, text } = run(systemd, "verify", path);
      assert.deepEqual([code, text], [0, ""], unit);
      const { text: security } = run(systemd, "security", "--offline=true", "--threshold=25", path);
      const level = Number(/exposure level for \S+: ([\d.]+)/.exec(security)?.[1]);
      assert.ok(level <= 2.5, `${unit}: ${level}`);
    }
  });

  it("the Kubernetes manifests are valid", function () {
    const folder = join(deploy, "kubernetes");
    validateManifests(this, ...readdirSync(folder).map((file) => join(folder, file)));
  });

  it("the pods of the manifests are restricted, and each has its rule", () => {
    const folder = join(deploy, "kubernetes");
    const manifests = readdirSync(folder).flatMap((file) => manifestsOf(readFileSync(join(folder, file), "utf8")));
    assert.deepEqual(podFaults(manifests), []);
    const [namespace] = manifests.filter(({ kind }) => kind === "Namespace");
    assert.equal(namespace?.metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
    checkRules(manifests);
  });

  it("the chart passes helm lint, and its output is valid and restricted", function () {
    this.timeout(120_000);
    if (!helm) skip(this, "helm is not here: install Helm 3");
    const lint = run(helm, "lint", "--strict", chart);
    assert.equal(lint.code, 0, lint.text);
    const folder = mkdtempSync(join(tmpdir(), "interlock-chart-"));
    try {
      const [bots, postgres] = ["bots", "postgres"].map((name) => [
        "--values",
        join(chart, `ci/${name}-values.yaml`),
      ]) as [string[], string[]];
      for (const [i, values] of [[], bots, postgres, [...bots, ...postgres]].entries()) {
        const { code, text } = template(helm, ...values);
        assert.equal(code, 0, text);
        const path = join(folder, `${i}.yaml`);
        writeFileSync(path, text);
        const manifests = manifestsOf(text);
        if (!values.includes(postgres[1] ?? "")) assert.deepEqual(podFaults(manifests), []);
        if (values.includes(bots[1] ?? "")) checkRules(manifests);
        assert.ok(!manifests.some(({ kind }) => kind === "Secret"), "the chart makes no secrets");
      }
      if (validate) validateManifests(this, ...readdirSync(folder).map((file) => join(folder, file)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("the chart refuses wrong values", function () {
    if (!helm) skip(this, "helm is not here: install Helm 3");
    const refused: [value: string, message: RegExp][] = [
      ["authority.replicas=2", /postgresSecretName/],
      ["replicas=3", /additional properties/],
      ["trustDomain=Plant", /trustDomain/],
      ["joins.keys=http://k8s/jwks", /keys/],
      ["bots[0].name=operator,bots[0].image=x,bots[0].port=1", /bots/],
      ["bots[0].name=arm,bots[0].image=x,bots[0].port=0", /port/],
    ];
    for (const [value, message] of refused) {
      const { code, text } = template(helm, "--set", value);
      assert.notEqual(code, 0, value);
      assert.match(text, message, value);
    }
  });

  it("the page names every file of the folder", () => {
    const page = readFileSync(join(deploy, "README.md"), "utf8");
    const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "."], {
      cwd: deploy,
      encoding: "utf8",
    });
    const known = new Set(
      files
        .trim()
        .split("\n")
        .map((file) => file.split("/")[0] ?? ""),
    );
    known.delete("README.md");
    for (const name of known) assert.ok(page.includes(name), name);
    assert.ok(existsSync(join(root, "docs/deployment.md")));
  });
});

/** Checks that a rule stands for the account of each bot, under which its pods ask for a name that the rule gives. */
function checkRules(manifests: readonly Manifest[]): void {
  const map = manifests.find(({ kind, data }) => kind === "ConfigMap" && data["joins.yaml"] !== undefined);
  const [rules] = manifestsOf(map?.data["joins.yaml"]);
  const deployments = manifests.filter(({ kind }) => kind === "Deployment");
  assert.ok(deployments.length > 0);
  for (const { metadata, spec } of deployments) {
    const { serviceAccountName, containers } = spec.template.spec;
    const account = `system:serviceaccount:${metadata.namespace}:${serviceAccountName}`;
    const rule = rules?.joins.find((one: Manifest) => one.account === account);
    assert.ok(rule, account);
    const asked = containers[0].env.find(({ name }: Manifest) => name === "INTERLOCK_NAME").value;
    assert.equal(asked, rule.name.replace("*", "$(POD_NAME)"));
  }
}

// Helm from its sources believes that it faces a cluster of long ago.
function template(helm: string, ...args: string[]): Run {
  return run(helm, "template", "fleet", chart, "--kube-version", "1.33.0", "--namespace", "plant", ...args);
}
