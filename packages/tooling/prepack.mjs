/**
 * Before the command is packed: writes its package, the code of all that it depends on included, with the bill of materials. The
 * tests run the same bundle.
 *
 *     node packages/tooling/prepack.mjs FOLDER      replaces the folder
 */
import { rmSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { writeCommand } from "./bundle.mjs"
import { writeBill } from "./sbom.mjs"

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error("usage: prepack.mjs FOLDER")
  process.exitCode = 2
} else {
  const path = resolve(folder)
  rmSync(path, { recursive: true, force: true })
  writeBill(await writeCommand(path), join(path, "sbom.cdx.json"))
}
