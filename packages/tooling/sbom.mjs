/**
 * The bill of materials of the published command: every package whose code it holds, with its version and licence. The
 * generator is pnpm's own, of the version that the repository pins; what the lockfile lists and the bundle does not hold is
 * left out.
 *
 *     npm run sbom [-- --sbom-format spdx]
 *
 * Writes `scanpoll-VERSION.cdx.json` (`.spdx.json`) into the working folder, or where `--out` says.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { writeCommand } from "./bundle.mjs"
import { root } from "./published.mjs"

/** @import { Bundled } from "./bundled.mjs" */

const purlOf = (/** @type {string} */ name, /** @type {string} */ version) =>
  `pkg:npm/${name.replace(/^@/, "%40")}@${version}`

/** @typedef {{ purl: string, "bom-ref": string, licenses?: unknown }} Component */
/** @typedef {{ SPDXID: string, licenseDeclared: string, externalRefs: ReadonlyArray<{ referenceLocator: string }> }} SpdxPackage */

/**
 * @param {any} bill CycloneDX as pnpm writes it
 * @param {ReadonlyMap<string, Bundled>} held
 */
const cyclonedx = (bill, held) => {
  /** @type {ReadonlyArray<Component>} */
  const components = bill.components
  const kept = components.filter((one) => held.has(one.purl))
  const refs = new Set([bill.metadata.component["bom-ref"], ...kept.map((one) => one["bom-ref"])])
  const only = (/** @type {ReadonlyArray<string>} */ names) => names.filter((name) => refs.has(name))
  return {
    purls: kept.map((one) => one.purl),
    bill: {
      ...bill,
      components: kept.map((one) => ({ licenses: [{ expression: held.get(one.purl)?.licence }], ...one })),
      dependencies: bill.dependencies
        .filter((/** @type {{ ref: string }} */ one) => refs.has(one.ref))
        .map((/** @type {{ ref: string, dependsOn?: ReadonlyArray<string> }} */ { dependsOn = [], ref }) => ({
          ref,
          dependsOn: only(dependsOn)
        }))
    }
  }
}

/**
 * @param {any} bill SPDX as pnpm writes it
 * @param {ReadonlyMap<string, Bundled>} held
 */
const spdx = (bill, held) => {
  /** @type {ReadonlyArray<SpdxPackage>} */
  const packages = bill.packages
  const purl = (/** @type {SpdxPackage} */ one) => one.externalRefs[0]?.referenceLocator ?? ""
  const kept = packages.filter((one) => held.has(purl(one)))
  const ids = new Set(["SPDXRef-DOCUMENT", "SPDXRef-RootPackage", ...kept.map((one) => one.SPDXID)])
  return {
    purls: kept.map(purl),
    bill: {
      ...bill,
      packages: packages
        .filter((one) => ids.has(one.SPDXID))
        .map((one) => ({
          ...one,
          licenseDeclared:
            one.licenseDeclared === "NOASSERTION"
              ? (held.get(purl(one))?.licence ?? one.licenseDeclared)
              : one.licenseDeclared
        })),
      relationships: bill.relationships.filter(
        (/** @type {{ spdxElementId: string, relatedSpdxElement: string }} */ one) =>
          ids.has(one.spdxElementId) && ids.has(one.relatedSpdxElement)
      )
    }
  }
}

/**
 * Writes the bill of materials of what a bundle holds. A package that the lockfile does not list is an error.
 *
 * @param {ReadonlyArray<Bundled>} bundled
 * @param {string} file
 * @param {"cyclonedx" | "spdx"} [format]
 */
export const writeBill = (bundled, file, format = "cyclonedx") => {
  const args = ["sbom", "--filter", "scanpoll", "--prod", "--lockfile-only", "--sbom-format", format, "--out", file]
  const { status } = spawnSync("pnpm", args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] })
  if (status !== 0) throw new Error(`sbom: pnpm ended with ${status}`)
  const held = new Map(bundled.map((one) => [purlOf(one.name, one.version), one]))
  held.delete(purlOf("scanpoll", bundled.find(({ name }) => name === "scanpoll")?.version ?? ""))
  const { bill, purls } = (format === "spdx" ? spdx : cyclonedx)(JSON.parse(readFileSync(file, "utf8")), held)
  const missing = [...held.keys()].filter((purl) => !purls.includes(purl))
  if (missing.length > 0) throw new Error(`sbom: the lockfile does not list ${missing.join(", ")}`)
  writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { "sbom-format": { type: "string" }, out: { type: "string" } } })
  const format = values["sbom-format"] === "spdx" ? "spdx" : "cyclonedx"
  const scratch = mkdtempSync(join(tmpdir(), "scanpoll-sbom-"))
  try {
    const bundled = await writeCommand(join(scratch, "package"))
    const version = bundled.find(({ name }) => name === "scanpoll")?.version
    const file = values.out ?? `scanpoll-${version}.${format === "spdx" ? "spdx" : "cdx"}.json`
    writeBill(bundled, join(process.cwd(), file), format)
    console.log(`${file} written`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
