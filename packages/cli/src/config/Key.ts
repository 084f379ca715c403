/**
 * The name of a scan on the command line: `vendor:scanId`, with `vendor@account:scanId` for a second account.
 *
 * @since 0.1.0
 */
import { isScanId } from "@scanpoll/core/model/ScanTicket"
import * as Result from "effect/Result"
import { quote } from "./InputFault.ts"
import { howToBring } from "../vendors/Wanted.ts"
import { didYouMean } from "./Nearest.ts"
import { defaultAccount } from "./Plan.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Key {
  readonly vendor: string
  readonly account: string
  readonly scanId: string
}

/**
 * Whether a text is the id of a claim of the journal.
 *
 * @category guards
 * @since 0.1.0
 */
export const isClaim = (text: string): boolean => /^clm_[0-9a-z]{1,60}$/.test(text)

/**
 * Reads a key. The failure says what is wrong, with the text escaped and cut.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string, vendors: ReadonlyArray<string>): Result.Result<Key, string> => {
  const at = text.indexOf(":")
  const [vendor = "", account = defaultAccount] = at < 0 ? [] : text.slice(0, at).split("@", 2)
  if (at < 0 || vendor === "" || account === "") {
    return Result.fail(`${quote(text)} is not a key; a key is vendor:scanId, such as appvet:scan_abc123`)
  }
  if (!vendors.includes(vendor)) {
    return Result.fail(
      `unknown vendor ${quote(vendor)}${didYouMean(vendor, vendors) || `; known are ${vendors.join(", ")}; ${howToBring(vendor)}`}`
    )
  }
  const scanId = text.slice(at + 1)
  return isScanId(scanId)
    ? Result.succeed({ vendor, account, scanId })
    : Result.fail(`${quote(scanId)} cannot be a scan id: 1 to 200 visible ASCII characters, and not . or ..`)
}

/**
 * The text of a key: what `parse` reads.
 *
 * @category destructors
 * @since 0.1.0
 */
export const format = (key: Key): string => `${accountName(key.vendor, key.account)}:${key.scanId}`

/**
 * The name of an account: `vendor`, or `vendor@account`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const accountName = (vendor: string, account: string): string =>
  account === defaultAccount ? vendor : `${vendor}@${account}`
