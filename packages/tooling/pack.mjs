/**
 * Tries the packages as their users get them. Packs each one that is published; looks into the tarballs; installs them
 * into an empty project with npm and into another with pnpm; imports every module they offer and sees that what is
 * internal stays closed; compiles a user's code against them; and runs every command under the Node of this machine, and some
 * under Node 20, with an empty home folder. Prints what each package and a smallest bundle weigh.
 *
 *     node packages/tooling/pack.mjs [--write]
 *
 * `--write` also puts the weights into docs/size.md. Reads what the type check built. Installing may ask npm's registry
 * for what is not in npm's cache yet, and so may Node 20 where this machine has none. Where no registry answers, what
 * pnpm's store allows is tried, and the rest is said to be left out.
 */
import * as Types from "@arethetypeswrong/core"
import { spawn } from "node:child_process"
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { basename, delimiter, dirname, join } from "node:path"
import process from "node:process"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { versionOf } from "../cli/bin/toolchain.js"
import { buildOf, notBuilt } from "./built.mjs"
import { published, root } from "./published.mjs"
import { weigh } from "./sizes.mjs"
import { tryEveryCommand } from "./trial.mjs"

/** @import { Published } from "./published.mjs" */

const OLD_NODE = "20.20.2"

const scratch = mkdtempSync(join(tmpdir(), "scanpoll-pack-"))

/** @type {Array<string>} */
const faults = []

// Without what the npm around this process set: a user's shell has none of it, and it names that npm's own files.
const bare = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|LAUNCHER_ROOT)/.test(name))
)

/**
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, seconds?: number }} options
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
const ask = (command, args, { cwd, env = bare, seconds = 180 }) =>
  new Promise((resolve) => {
    const child = spawn(command, [...args], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: seconds * 1000,
      killSignal: "SIGKILL"
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => (stderr += text))
    child.once("error", (error) => resolve({ code: null, stdout, stderr: error.message }))
    child.once("close", (code) => resolve({ code, stdout, stderr }))
  })

/**
 * The same, where anything but success makes the rest pointless.
 *
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 */
const must = async (command, args, options) => {
  const { code, stdout, stderr } = await ask(command, args, options)
  if (code !== 0) throw new Error(`${basename(command)} ${args.slice(0, 2).join(" ")}: ${stdout}${stderr}`)
  return stdout.trim()
}

/** @param {Published} one */
const inspectBuild = (one) => {
  const { missing, surplus } = buildOf(one.folder)
  if (missing.length > 0) throw new Error(notBuilt(one.name, missing))
  if (surplus.length > 0) faults.push(`${one.name}: dist has what the sources do not: ${surplus.join(", ")}`)
}

/**
 * A package asks for what its code and its declarations import, and for nothing else. What another package happens to
 * bring along would be found here and missed at a user's.
 *
 * @param {Published} one
 */
const inspectDependencies = (one) => {
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(
    readFileSync(join(one.folder, "package.json"), "utf8")
  )
  const imported = new Set(
    globSync(["dist/**/*.js", "dist/**/*.d.ts"], { cwd: one.folder })
      // Nobody outside reads the declarations of what is internal.
      .filter((file) => !/[\\/]internal[\\/].*\.d\.ts$/.test(file))
      .flatMap((file) => readFileSync(join(one.folder, file), "utf8").split("\n"))
      .filter((line) => !/^\s*(\/?\*|\/\/)/.test(line))
      .flatMap((line) => [...line.matchAll(/(?:\bfrom |\bimport\(|^import )"([^".][^"]*)"/g)])
      .map((match) => /^(@[^/]+\/)?[^/]+/.exec(match[1] ?? "")?.[0] ?? "")
      .filter((name) => !name.startsWith("node:") && name !== one.name)
  )
  const asked = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])
  for (const name of imported) if (!asked.has(name)) faults.push(`${one.name} imports ${name} and does not ask for it`)
  for (const name of asked) if (!imported.has(name)) faults.push(`${one.name} asks for ${name} and does not import it`)
}

/**
 * @param {Published} one
 * @returns {Promise<string>} its path
 */
const pack = async (one) => {
  await must("pnpm", ["pack", "--pack-destination", join(scratch, "tarballs")], { cwd: one.folder })
  return join(scratch, "tarballs", `${one.name.replace("@", "").replace("/", "-")}-${one.version}.tgz`)
}

/**
 * What publint and the look-up of types say against a tarball.
 *
 * @param {Published} one
 * @param {string} tarball
 */
const inspectTarball = async (one, tarball) => {
  const data = readFileSync(tarball)
  const bytes = new ArrayBuffer(data.byteLength)
  new Uint8Array(bytes).set(data)
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true })
  for (const message of messages)
    faults.push(`${one.name}: publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)
  if (one.isCommand) return
  const entrypoints = pathsOf(one).map((path) => path.replace(one.name, "."))
  const result = await Types.checkPackage(Types.createPackageFromTarballData(new Uint8Array(data)), { entrypoints })
  if (!result.types) {
    faults.push(`${one.name}: has no types`)
    return
  }
  for (const problem of result.problems) {
    // Modules alone: Node 22 requires them too, and nobody resolves as Node 10 did.
    if (problem.kind === "CJSResolvesToESM") continue
    if ("resolutionKind" in problem && problem.resolutionKind === "node10") continue
    faults.push(`${one.name}: types: ${JSON.stringify(problem)}`)
  }
}

/**
 * What may be imported of a package.
 *
 * @param {Published} one
 */
const pathsOf = (one) => [
  one.name,
  ...one.modules.map((module) => `${one.name}/${module}`),
  ...one.unstable.map((module) => `${one.name}/unstable/${module}`)
]

/**
 * Imports all that is open, requires the packages themselves, and tries all that is closed.
 *
 * @param {ReadonlyArray<Published>} libraries
 */
const importing = (libraries) => `
  import { createRequire } from "node:module"
  const require = createRequire(import.meta.url)
  const faults = []
  const closed = (path) => import(path).then(() => faults.push(path + " is open"), (error) => {
    if (error.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") faults.push(path + ": " + error.message)
  })
  for (const { name, paths, shut } of ${JSON.stringify(libraries.map((one) => ({ name: one.name, paths: pathsOf(one), shut: one.closed })))}) {
    for (const path of paths) {
      await import(path).catch((error) => faults.push(path + ": " + error.message))
    }
    try { require(name) } catch (error) { faults.push("require " + name + ": " + error.message) }
    for (const module of shut) await closed(name + "/" + module)
  }
  await closed("scanpoll")
  await closed("scanpoll/Cli")
  if (faults.length > 0) throw new Error("\\n" + faults.join("\\n"))
`

/** @param {ReadonlyArray<Published>} libraries */
const userCode = (libraries) => `
import { AppVet, type AppVetSchema } from "@scanpoll/appvet"
import { PollPolicy, type PollStopped, type ScanJournal, Scans, type ScanTicket, type SubmitError } from "@scanpoll/core"
import { createScanpoll, PollStopped as Stopped } from "@scanpoll/promise"
import { Effect, Schedule } from "effect"
// @ts-expect-error what is internal has no types either
import * as closed from "@scanpoll/core/unstable/time/internal/heap"
${libraries
  .flatMap(pathsOf)
  .map((path, index) => `import * as module${index} from "${path}"`)
  .join("\n")}

export const patient = (recommended: PollPolicy.PollPolicy) =>
  recommended.pipe(PollPolicy.withPace(Schedule.exponential("4 seconds")), PollPolicy.withDeadline("10 minutes"))

export const program: Effect.Effect<
  AppVetSchema.AppVetPayload | null,
  PollStopped.PollStopped<ScanTicket.ScanTicket> | SubmitError.SubmitError | ScanJournal.JournalError,
  ScanJournal.ScanJournal | AppVet
> = Effect.gen(function* () {
  const outcome = yield* Scans.run(yield* AppVet, { url: "https://example.com", type: "security" }, { policy: patient })
  return outcome.payload
})

export const promised = async (apiKey: string): Promise<string> => {
  await using scanpoll = createScanpoll({ appvet: { apiKey } })
  try {
    return (await scanpoll.appvet.run({ url: "https://example.com", type: "security" }))._tag
  } catch (error) {
    return error instanceof Stopped ? error.reason : String(error)
  }
}

export const all: ReadonlyArray<unknown> = [closed, ${libraries
  .flatMap(pathsOf)
  .map((_, index) => `module${index}`)
  .join(", ")}]
`

/**
 * A user's code against the installed declarations, those of the dependencies included, in each way to resolve them.
 *
 * @param {string} project
 * @param {ReadonlyArray<Published>} libraries
 */
const compile = async (project, libraries) => {
  writeFileSync(join(project, "user.ts"), userCode(libraries))
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["node16", "node16"],
    ["esnext", "bundler"]
  ]) {
    const options = ["--module", module, "--moduleResolution", resolution, "--strict", "--skipLibCheck", "false"]
    const args = [
      tsc,
      "--noEmit",
      "--target",
      "es2024",
      "--lib",
      "es2024,dom,esnext.disposable",
      "--types",
      "",
      ...options,
      "--pretty",
      "false",
      "user.ts"
    ]
    const { code, stdout } = await ask(process.execPath, args.map(String), { cwd: project })
    if (code !== 0) faults.push(`a user's code with moduleResolution ${resolution}: ${stdout}`)
  }
}

/**
 * @param {string} project
 * @param {ReadonlyArray<Published>} packages
 */
const inspectInstalled = (project, packages) => {
  for (const one of packages) {
    const files = readdirSync(join(project, "node_modules", one.name)).filter((file) => file !== "node_modules")
    const home = one.isCommand ? join(project, "node_modules", one.name) : one.folder
    /** @type {ReadonlyArray<string>} */
    const named = JSON.parse(readFileSync(join(home, "package.json"), "utf8")).files
    const wanted = ["package.json", "LICENSE", "README.md", ...named.filter((name) => !name.startsWith("!"))]
    for (const file of wanted) if (!files.includes(file)) faults.push(`${one.name}: ${file} is not in its tarball`)
    for (const file of files) if (!wanted.includes(file)) faults.push(`${one.name}: ${file} is in its tarball, unasked`)
  }
}

/**
 * The command is what was tested: it asks for no package, and none of its files imports one.
 *
 * @param {string} project
 */
const inspectBundle = (project) => {
  const home = join(project, "node_modules/scanpoll")
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"))
  for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "scripts"])
    if (manifest[kind] !== undefined) faults.push(`scanpoll: its manifest has ${kind}`)
  const files = globSync("{bin,dist}/**/*.js", { cwd: home })
  for (const file of files) {
    const text = readFileSync(join(home, file), "utf8")
    for (const [, name = ""] of text.matchAll(/^(?:import|export) (?!type )(?:[^"'\n]* from )?"([^"]+)"/gm))
      if (!/^(?:node:|\.{1,2}\/)/.test(name)) faults.push(`scanpoll: ${file} imports ${name}`)
    if (text.includes(root)) faults.push(`scanpoll: ${file} names the folder that it was built in`)
  }
  if (files.length < 10) faults.push(`scanpoll: has ${files.length} files of code`)
}

/**
 * @param {ReadonlyArray<string>} tarballs
 * @returns {Promise<string | undefined>} the project; nothing where npm's cache has not enough and no registry answers
 */
const installNpm = async (tarballs) => {
  const project = join(scratch, "npm")
  mkdirSync(project)
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }))
  const flags = [
    "--prefer-offline",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--fetch-retries=0"
  ]
  const { code, stderr, stdout } = await ask("npm", ["install", ...flags, ...tarballs], { cwd: project, seconds: 120 })
  // Ended by our own limit: a registry that does not answer in time is none.
  if (code === null) return undefined
  const unreachable =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|\w+_CERT\w*|UNABLE_TO_VERIFY\w*)\b/
  if (code !== 0 && unreachable.test(stderr)) return undefined
  if (code !== 0) throw new Error(`npm install: ${stdout}${stderr}`)
  if (globSync("node_modules/**/effect/package.json", { cwd: project }).length !== 1)
    faults.push("npm installs Effect more than once")
  return project
}

/**
 * @param {ReadonlyArray<Published>} packages
 * @param {ReadonlyArray<string>} tarballs
 */
const installPnpm = async (packages, tarballs) => {
  const project = join(scratch, "pnpm")
  mkdirSync(project)
  const effect = /^ {2}effect: (\d\S*)$/m.exec(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8"))?.[1]
  const files = Object.fromEntries(packages.map((one, index) => [one.name, `file:${tarballs[index]}`]))
  const manifest = { name: "user", private: true, type: "module", dependencies: { ...files, effect } }
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest))
  const overrides = Object.entries(files).map(([name, file]) => `  "${name}": "${file}"`)
  writeFileSync(join(project, "pnpm-workspace.yaml"), ["overrides:", ...overrides, ""].join("\n"))
  await must("pnpm", ["install", "--prefer-offline", "--ignore-scripts", "--no-frozen-lockfile"], { cwd: project })
  return project
}

/**
 * A Node of the 20 line, with an npm beside it: this machine's own, or one from the registry.
 *
 * @returns {Promise<string | undefined>} the folder to put before the PATH
 */
const oldNode = async () => {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const node = join(folder, "node")
    if (existsSync(node) && existsSync(join(folder, "npx")) && versionOf(node)?.startsWith("20.") === true)
      return folder
  }
  const packages = ["-p", `node@${OLD_NODE}`, "-p", "npm@10.9.4"]
  const script = "console.log(process.env.PATH)"
  const { code, stdout } = await ask("npx", ["--yes", ...packages, "--", "node", "-e", script], { cwd: scratch })
  return code === 0 ? stdout.trim().split(delimiter)[0] : undefined
}

/**
 * The command as a newcomer starts it, in an empty home: help, version, a slip, and the demonstration.
 *
 * @param {string} project
 * @param {string} label
 * @param {string} path what stands before the PATH
 */
const tryCommand = async (project, label, path) => {
  const home = join(scratch, `home of ${label}`)
  const temporary = join(scratch, `tmp-${label.replaceAll(" ", "-")}`)
  mkdirSync(home)
  mkdirSync(temporary)
  const env = {
    PATH: [path, process.env["PATH"] ?? ""].join(delimiter),
    HOME: home,
    TMPDIR: temporary,
    npm_config_cache: process.env["npm_config_cache"] ?? join(homedir(), ".npm"),
    npm_config_userconfig: process.env["npm_config_userconfig"] ?? join(homedir(), ".npmrc"),
    npm_config_update_notifier: "false",
    ...Object.fromEntries(
      Object.entries(bare).filter(([name]) =>
        /^(https?_proxy|no_proxy|npm_config_registry|LAUNCHER_GATE|NODE_EXTRA_CA_CERTS)$/i.test(name)
      )
    )
  }
  /** @param {ReadonlyArray<string>} args */
  const scanpoll = (...args) => ask("npx", ["--no", "--", "scanpoll", ...args], { cwd: project, env, seconds: 120 })
  /**
   * @param {string} what
   * @param {{ code: number | null, stdout: string, stderr: string }} answer
   * @param {boolean} good
   */
  const expect = (what, answer, good) => {
    if (!good)
      faults.push(
        `${label}: ${what} ended with ${answer.code}\n${answer.stdout.slice(-2000)}\n${answer.stderr.slice(-2000)}`
      )
  }

  const version = await scanpoll("--version")
  expect("scanpoll --version", version, version.code === 0 && /^scanpoll v\d+\.\d+\.\d+$/.test(version.stdout.trim()))
  const help = await scanpoll()
  expect("scanpoll", help, help.code === 0 && help.stdout.includes("scanpoll demo"))
  const slip = await scanpoll("rnu")
  expect("scanpoll rnu", slip, slip.code === 2 && slip.stdout === "" && slip.stderr.includes("run"))
  const started = performance.now()
  const demo = await scanpoll("demo")
  const files = [...demo.stderr.matchAll(/^\w+ written to (.+)$/gm)].map((match) => match[1] ?? "")
  const wrote = files.length >= 3 && files.every((file) => existsSync(file) && readFileSync(file).length > 0)
  expect(
    "scanpoll demo",
    demo,
    demo.code === 0 && demo.stdout.includes("16 scans") && wrote && !demo.stderr.includes("in a clone")
  )
  // An old Node's newer one is kept in the cache folder, and nothing else anywhere.
  const left = [
    ...readdirSync(home).filter((name) => name !== ".cache"),
    ...(existsSync(join(home, ".cache")) ? readdirSync(join(home, ".cache")) : []).filter((name) => name !== "scanpoll")
  ]
  if (left.length > 0) faults.push(`${label}: the home folder is not empty afterwards: ${left.join(", ")}`)
  return {
    env,
    line: `${label}: help, version, a slip and the demonstration (${((performance.now() - started) / 1000).toFixed(0)} s)`
  }
}

/**
 * Every command, each in its own process.
 *
 * @param {string} project
 * @param {NodeJS.ProcessEnv} env
 * @param {string} before
 */
const tryAll = async (project, env, before) => {
  const program = join(project, "node_modules/scanpoll/bin/scanpoll.js")
  const result = await tryEveryCommand({ program, folder: join(scratch, "trial"), env })
  faults.push(...result.faults)
  return [before, `${result.tried} command lines against simulated vendors, with a journal`]
}

const main = async () => {
  const packages = published()
  const libraries = packages.filter((one) => !one.isCommand)
  for (const one of packages) inspectBuild(one)
  for (const one of packages) inspectDependencies(one)
  mkdirSync(join(scratch, "tarballs"))
  const tarballs = await Promise.all(packages.map(pack))
  const [npm, pnpm] = await Promise.all([installNpm(tarballs), installPnpm(packages, tarballs)])
  const project = npm ?? pnpm
  inspectInstalled(project, packages)
  inspectBundle(project)

  const here = dirname(process.execPath)
  const attempts = [
    tryCommand(project, `Node ${process.versions.node}`, here).then(({ env, line }) => tryAll(project, env, line))
  ]
  if (npm === undefined) {
    console.error("pack: no registry answers in time: neither npm's install nor the command under Node 20 is tried")
  } else {
    const old = await oldNode()
    if (old === undefined) faults.push("neither this machine nor the registry has a Node 20 to try the command on")
    else attempts.push(tryCommand(npm, "Node 20", old).then(({ line }) => [line]))
  }
  const trying = Promise.all(attempts)
  for (const folder of npm === undefined ? [pnpm] : [npm, pnpm]) {
    writeFileSync(join(folder, "user.mjs"), importing(libraries))
    const { code, stderr } = await ask(process.execPath, ["user.mjs"], { cwd: folder })
    if (code !== 0) faults.push(`imports in the project of ${basename(folder)}: ${stderr}`)
  }
  for (const [index, one] of packages.entries()) await inspectTarball(one, tarballs[index] ?? "")
  await compile(project, libraries)
  const weights = await weigh(
    project,
    packages.map((one, index) => ({ name: one.name, tarball: tarballs[index] ?? "" }))
  )
  faults.push(...weights.faults)
  console.error(weights.table)
  if (process.argv.includes("--write")) weights.write()
  const tried = await trying

  for (const fault of faults) console.error(`pack: ${fault}`)
  if (faults.length > 0) return false
  const modules = libraries.reduce((sum, one) => sum + pathsOf(one).length, 0)
  console.error(
    `pack: ${packages.length} packages; ${modules} modules import with ${npm === undefined ? "pnpm" : "npm and pnpm"}, types resolve in three ways`
  )
  for (const line of tried.flat()) console.error(`pack: ${line}`)
  return true
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  console.error(`pack: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
