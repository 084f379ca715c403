/**
 * What the packages weigh: each tarball, and bundles of what a user takes of them, minified and compressed.
 *
 * Figures to look at, not a gate, except for a bound so wide that only an accident passes it.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { gunzipSync, gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import { root } from "./published.mjs"

/** The most a tarball may weigh, in bytes: a library's, and that of the command, which holds all that it depends on. */
const TARBALL_BOUND = 1_000_000
const COMMAND_BOUND = 4_000_000
/** The most a bundle without Effect may weigh compressed, in bytes. */
// Without undici: it runs on Node alone, where nobody bundles, and the client of promises loads it with its first request.
const BUNDLE_BOUND = 120_000

/** What people take, as code: the smallest of each kind. */
const tastes = {
  "the poller alone": `export { untilTerminal } from "@scanpoll/core/engine/Poller"`,
  "one adapter and core": `
    export { AppVet } from "@scanpoll/appvet/AppVetVendor"
    export { run } from "@scanpoll/core/engine/Scans"
    export { layerMemory } from "@scanpoll/core/engine/ScanJournal"
    export { layer } from "@scanpoll/core/http/VendorHttp"`,
  "the same through the barrels": `
    import { AppVet } from "@scanpoll/appvet"
    import { ScanJournal, Scans, VendorHttp } from "@scanpoll/core"
    export const all = [AppVet, Scans.run, ScanJournal.layerMemory, VendorHttp.layer]`,
  "the client of promises": `export { createScanpoll } from "@scanpoll/promise"`
}

/**
 * @param {string} project a folder where the packages are installed
 * @param {string} code
 * @param {boolean} withEffect
 */
const bundle = async (project, code, withEffect) => {
  const entry = join(project, "entry.mjs")
  const build = await rolldown({
    input: entry,
    cwd: project,
    platform: "node",
    logLevel: "silent",
    external: [/^node:/, /^undici$/, ...(withEffect ? [] : [/^effect(\/|$)/])],
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === entry ? entry : null),
        load: (id) => (id === entry ? code : null)
      }
    ]
  })
  try {
    const { output } = await build.generate({ format: "esm", minify: true, codeSplitting: false })
    const text = output.map((one) => (one.type === "chunk" ? one.code : "")).join("")
    return { plain: Buffer.byteLength(text), packed: gzipSync(text, { level: 9 }).length }
  } finally {
    await build.close()
  }
}

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`

/**
 * @param {string} project a folder where the packages are installed
 * @param {ReadonlyArray<{ name: string, tarball: string }>} packages
 * @returns {Promise<{ table: string, faults: ReadonlyArray<string>, write: () => void }>}
 */
export const weigh = async (project, packages) => {
  /** @type {Array<string>} */
  const faults = []
  const tarballs = packages.map(({ name, tarball }) => {
    const { size } = statSync(tarball)
    const bound = name === "scanpoll" ? COMMAND_BOUND : TARBALL_BOUND
    if (size > bound) faults.push(`${name}: its tarball has ${kilobytes(size)}; the bound is ${kilobytes(bound)}`)
    return `| \`${name}\` | ${kilobytes(size)} | ${kilobytes(gunzipSync(readFileSync(tarball)).length)} |`
  })
  /** @type {Array<string>} */
  const bundles = []
  for (const [what, code] of Object.entries(tastes)) {
    const own = await bundle(project, code, false)
    const all = await bundle(project, code, true)
    if (own.packed > BUNDLE_BOUND)
      faults.push(
        `a bundle of ${what} has ${kilobytes(own.packed)} compressed; the bound is ${kilobytes(BUNDLE_BOUND)}`
      )
    bundles.push(
      `| ${what} | ${kilobytes(own.plain)} | ${kilobytes(own.packed)} | ${kilobytes(all.packed - own.packed)} | ${kilobytes(all.packed)} |`
    )
  }
  const table = [
    "| a bundle of | minified | gzip | Effect's part, gzip | with Effect, gzip |",
    "|---|---|---|---|---|",
    ...bundles,
    "",
    "| package | tarball | unpacked |",
    "|---|---|---|",
    ...tarballs
  ].join("\n")
  const write = () => {
    const page = join(root, "docs/size.md")
    const text = readFileSync(page, "utf8")
    const marks = /(<!-- weights -->\n)[\s\S]*(<!-- end of weights -->)/
    if (!marks.test(text)) throw new Error(`${page} has no place for the weights`)
    writeFileSync(
      page,
      text.replace(marks, (_, before, after) => `${before}\n${table}\n\n${after}`)
    )
    process.stderr.write("pack: docs/size.md is written\n")
  }
  return { table, faults, write }
}
