/**
 * A copy of the repository to plant mistakes in. Its sources are files of its own, so that nothing reaches the checkout;
 * the installed packages are the checkout's, but the packages of the house point into the copy.
 */
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"

/**
 * Links each installed package, one by one: what a test writes beside them stays in the copy.
 *
 * @param {string} root
 * @param {string} copy
 * @param {string} folder of installed packages, from the root
 */
const link = (root, copy, folder) => {
  mkdirSync(join(copy, folder), { recursive: true })
  for (const name of readdirSync(join(root, folder))) {
    if (name.startsWith(".") && name !== ".bin") continue
    const path = join(folder, name)
    if (name.startsWith("@")) {
      link(root, copy, path)
      continue
    }
    const real = realpathSync(join(root, path))
    const inHouse = relative(join(root, "packages"), real)
    const isOurs = !inHouse.startsWith("..") && !inHouse.includes("node_modules")
    symlinkSync(isOurs ? join(copy, "packages", inHouse) : real, join(copy, path), "junction")
  }
}

/**
 * Copies all files that git knows or would know.
 *
 * @param {string} root
 */
export const makeScratch = (root) => {
  const real = realpathSync(root)
  const copy = mkdtempSync(join(realpathSync(tmpdir()), "scanpoll-planting-"))
  // A database server that must not run as root has to get in.
  chmodSync(copy, 0o755)
  const answer = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: real,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024
  })
  if (answer.status !== 0) throw new Error(`git does not list the files of ${root}: ${answer.stderr}`)
  const files = answer.stdout.split("\0").filter((file) => file !== "" && existsSync(join(real, file)))
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(real, file), join(copy, file))
  }
  const holders = new Set(files.filter((file) => file.endsWith("package.json")).map((file) => dirname(file)))
  for (const holder of holders) {
    if (existsSync(join(real, holder, "node_modules"))) link(real, copy, join(holder, "node_modules"))
  }
  return { path: copy, remove: () => rmSync(copy, { recursive: true, force: true }) }
}
