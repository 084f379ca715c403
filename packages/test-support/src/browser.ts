// A real Chromium for tests of pages.
import chromiumPackage, { inflate } from "@sparticuz/chromium"
import { spawnSync } from "node:child_process"
import { existsSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { type Browser, chromium } from "playwright-core"

interface Found {
  readonly path: string
  readonly env: NodeJS.ProcessEnv
}

const starts = ({ env, path }: Found): boolean => spawnSync(path, ["--version"], { env, timeout: 30_000 }).status === 0

// The package carries the few libraries that a bare machine lacks, but unpacks them in the cloud alone.
const withLibraries = async (): Promise<NodeJS.ProcessEnv> => {
  const folder = dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium"))
  const archive = [join(folder, "../bin"), join(folder, "../../bin")]
    .map((bin) => join(bin, "al2023.tar.br"))
    .find((file) => existsSync(file))
  if (archive === undefined) return process.env
  await inflate(archive)
  const known = process.env["LD_LIBRARY_PATH"]
  const libraries = join(tmpdir(), "al2023", "lib")
  return { ...process.env, LD_LIBRARY_PATH: known === undefined ? libraries : `${libraries}:${known}` }
}

// A Chromium out of the registry on Linux x64, or the one named by CHROME_PATH; null where neither starts.
const find = async (): Promise<Found | null> => {
  const named = process.env["CHROME_PATH"]
  if (named !== undefined) return { path: named, env: process.env }
  if (process.platform !== "linux" || process.arch !== "x64") return null
  const first = { path: await chromiumPackage.executablePath(), env: process.env }
  if (starts(first)) return first
  // What an earlier process left half unpacked is unpacked again.
  rmSync(first.path, { force: true })
  const second = { path: await chromiumPackage.executablePath(), env: await withLibraries() }
  return starts(second) ? second : null
}

const found = await find()

export const executable = found === null ? null : found.path

// Its own arguments switch off web security and run all in one process: a report is to be tested under neither.
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: found === null ? "" : found.path,
    env: Object.fromEntries(
      Object.entries(found === null ? {} : found.env).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value]]
      )
    ),
    args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
    headless: true
  })
