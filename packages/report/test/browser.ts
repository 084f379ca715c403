import chromiumPackage from "@sparticuz/chromium"
import { existsSync } from "node:fs"
import type { Browser } from "playwright-core"
import { chromium } from "playwright-core"

// A Chromium out of the registry on Linux x64, or the one named by CHROME_PATH; null where there is neither.
const find = async (): Promise<string | null> => {
  const named = process.env["CHROME_PATH"]
  if (named !== undefined && existsSync(named)) return named
  return process.platform === "linux" && process.arch === "x64" ? chromiumPackage.executablePath() : null
}

export const executable = await find()

// Its own arguments switch off web security and run all in one process: a report is to be tested under neither.
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: executable ?? "",
    args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
    headless: true
  })
