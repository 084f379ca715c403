/**
 * Tries the packages as a user gets them: packs each one that is published, installs the tarballs into an empty project,
 * imports every module they offer, sees that what is internal stays closed, and starts the command.
 *
 * Reads what the type check built: an `index.js`, or the `main.js` of a package that is a command and offers no module.
 */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), "scanpoll-pack-"))

/**
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {string} cwd
 */
const ask = (command, args, cwd) => {
  const answer = spawnSync(command, [...args], { cwd, encoding: "utf8", timeout: 180_000, killSignal: "SIGKILL" })
  if (answer.status !== 0) {
    const said = answer.error?.message ?? `${answer.stdout}${answer.stderr}`
    throw new Error(`${command} ${args.slice(0, 2).join(" ")} in ${basename(cwd)}: ${said}`)
  }
  return answer.stdout.trim()
}

/** @returns {ReadonlyArray<{ name: string, version: string, folder: string }>} */
const published = () =>
  readdirSync(join(root, "packages"))
    .map((entry) => join(root, "packages", entry))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
    .filter((one) => one.private !== true)

/** @param {{ folder: string }} one */
const isCommand = ({ folder }) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).bin !== undefined

/** @param {{ name: string, folder: string }} one */
const modules = (one) => {
  const files = globSync("dist/**/*.js", { cwd: one.folder }).map((file) => file.replaceAll("\\", "/"))
  const names = files.map((file) => file.slice("dist/".length, -".js".length))
  return {
    open: names.filter((name) => !name.includes("internal/") && !["index", "main"].includes(name)),
    closed: names.filter((name) => name.includes("internal/")).slice(0, 1)
  }
}

const main = () => {
  const packages = published()
  /** @type {Record<string, string>} */
  const tarballs = {}
  for (const one of packages) {
    if (!existsSync(join(one.folder, isCommand(one) ? "dist/main.js" : "dist/index.js")))
      throw new Error(`${one.name} is not built: run the check first`)
    ask("pnpm", ["pack", "--pack-destination", scratch], one.folder)
    const file = `${one.name.replace("@", "").replace("/", "-")}-${one.version}.tgz`
    tarballs[one.name] = `file:${join(scratch, file)}`
  }

  const workspace = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8")
  const effect = /^ {2}effect: (\S+)$/m.exec(workspace)?.[1]
  const manifest = { name: "user", private: true, type: "module", dependencies: { ...tarballs, effect } }
  writeFileSync(join(scratch, "package.json"), JSON.stringify(manifest))
  const overrides = Object.entries(tarballs).map(([name, file]) => `  "${name}": "${file}"`)
  writeFileSync(join(scratch, "pnpm-workspace.yaml"), ["overrides:", ...overrides, ""].join("\n"))
  ask("pnpm", ["install", "--prefer-offline", "--ignore-scripts", "--no-frozen-lockfile"], scratch)

  const libraries = packages.filter((one) => !isCommand(one))
  const wanted = libraries.map((one) => ({ name: one.name, ...modules(one) }))
  const script = `
    const faults = []
    for (const { name, open, closed } of ${JSON.stringify(wanted)}) {
      for (const path of [name, ...open.map((module) => name + "/" + module)]) {
        await import(path).catch((error) => faults.push(path + ": " + error.message))
      }
      for (const module of closed) {
        await import(name + "/" + module).then(() => faults.push(name + "/" + module + " is open"), () => undefined)
      }
    }
    if (faults.length > 0) throw new Error(faults.join("\\n"))
  `
  writeFileSync(join(scratch, "user.mjs"), script)
  ask(process.execPath, ["user.mjs"], scratch)
  const version = ask(process.execPath, ["node_modules/scanpoll/bin/scanpoll.js", "--version"], scratch)
  const modulesSeen = wanted.reduce((sum, one) => sum + 1 + one.open.length, 0)
  console.error(`pack: ${packages.length} packages, ${modulesSeen} modules import; the command says ${version}`)
}

try {
  main()
} catch (error) {
  console.error(`pack: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
