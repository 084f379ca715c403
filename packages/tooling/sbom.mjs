/**
 * The bill of materials of the published command: every package that it runs, with its version and licence, by the
 * lockfile. The generator is pnpm's own, of the version that the repository pins.
 *
 *     npm run sbom [-- --sbom-format spdx]
 *
 * Writes `scanpoll-VERSION.cdx.json` (`.spdx.json`) into the working folder, or where `--out` says.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { root } from "./published.mjs"

const given = process.argv.slice(2)
const format = given.includes("spdx") ? "spdx" : "cyclonedx"
/** @type {string} */
const version = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8")).version
const file = `scanpoll-${version}.${format === "spdx" ? "spdx" : "cdx"}.json`
const out = given.includes("--out") ? [] : ["--out", file]
const formats = given.includes("--sbom-format") ? [] : ["--sbom-format", format]
const args = ["sbom", "--filter", "scanpoll", "--prod", "--lockfile-only", ...formats, ...out, ...given]
process.exitCode = spawnSync("pnpm", args, { cwd: root, stdio: "inherit" }).status ?? 1
if (process.exitCode === 0 && out.length > 0) console.log(`${file} written`)
