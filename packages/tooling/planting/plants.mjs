/** Every planted mistake there is, and what is wrong with one that is not run. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { cli } from "./cli.mjs"
import { cluster } from "./cluster.mjs"
import { core } from "./core.mjs"
import { journal } from "./journal.mjs"
import { changed } from "./plant.mjs"
import { promise } from "./promise.mjs"
import { report } from "./report.mjs"
import { security } from "./security.mjs"
import { testkit } from "./testkit.mjs"
import { vendors } from "./vendors.mjs"

/** @typedef {import("./plant.mjs").Plant} Plant */

/** @type {ReadonlyArray<Plant>} */
export const plants = [
  ...core,
  ...journal,
  ...cluster,
  ...report,
  ...promise,
  ...vendors,
  ...testkit,
  ...cli,
  ...security
]

/**
 * Why a plant can no longer be planted: its tests or its code are gone. Runs nothing.
 *
 * @param {string} root of the tree that it would be planted in
 * @param {Plant} plant
 * @returns {string | undefined}
 */
export const faultOf = (root, plant) => {
  const missing = plant.tests.filter((file) => !existsSync(join(root, file)))
  if (missing.length > 0) return `there is no ${missing.join(", ")}`
  const texts = changed(root, plant)
  return typeof texts === "string" ? texts : undefined
}
