/**
 * Which environment variables a plan may name as an account's key.
 *
 * A plan may come from somebody else, and the value of the variable it names is sent to a vendor. So the variable must be
 * the vendor's own (`APPVET_API_KEY`, or longer: `APPVET_API_KEY_TEAM_B`), or the environment must list it in
 * `SCANPOLL_ALLOW_KEY_VARIABLES`. A variable of another vendor is refused in any case.
 *
 * @since 0.1.1
 */
import type { VendorFacts } from "../vendors/Vendor.ts"
import { type InputFault, quote } from "./InputFault.ts"

/**
 * The variable of the environment that lists further key variables a plan may name, separated by commas.
 *
 * @category constructors
 * @since 0.1.1
 */
export const allowVariable = "SCANPOLL_ALLOW_KEY_VARIABLES"

type Variables = Pick<VendorFacts, "keyVariable" | "baseVariable" | "extraVariables">
type Owner = Variables & { readonly name: string }

const form = /^[A-Z_][A-Z0-9_]{0,127}$/

const entriesOf = (environment: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  (environment[allowVariable] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")

/**
 * The key variables that the environment allows beside the vendors' own.
 *
 * @category constructors
 * @since 0.1.1
 */
export const allowed = (environment: Readonly<Record<string, string | undefined>>): ReadonlySet<string> =>
  new Set(entriesOf(environment))

/**
 * What is wrong with the allow-list of the environment. An entry may be a key that was pasted there, so none is repeated.
 *
 * @category guards
 * @since 0.1.1
 */
export const allowFaults = (environment: Readonly<Record<string, string | undefined>>): ReadonlyArray<InputFault> =>
  entriesOf(environment).flatMap((name, index) =>
    form.test(name)
      ? []
      : [
          {
            where: allowVariable,
            message: `entry ${index + 1} is not the name of a variable; write names in capitals, separated by commas`
          }
        ]
  )

const isOwn = (variable: string, keyVariable: string | null): boolean =>
  keyVariable !== null && (variable === keyVariable || variable.startsWith(`${keyVariable}_`))

// The vendor whose key variable this is. The longest name wins where one vendor's begins with another's.
const ownerOf = (variable: string, vendors: ReadonlyArray<Owner>): Owner | null =>
  vendors
    .filter((vendor) => isOwn(variable, vendor.keyVariable))
    .toSorted((a, b) => (b.keyVariable ?? "").length - (a.keyVariable ?? "").length)[0] ?? null

/**
 * Why a plan may not name this variable as a key of the vendor, or null when it may.
 *
 * @category guards
 * @since 0.1.1
 */
export const refusal = (
  variable: string,
  vendor: Owner,
  vendors: ReadonlyArray<Owner>,
  allowed: ReadonlySet<string>
): string | null => {
  if (!form.test(variable)) {
    // It may be a key that was pasted here: never repeat it.
    return "variable must be the NAME of an environment variable, in capitals; the key itself never stands in a plan"
  }
  if (vendor.keyVariable === null) return `${vendor.name} has no keys: its targets need no account of a plan`
  const use = `use ${vendor.keyVariable} or a name that begins with ${vendor.keyVariable}_`
  const owner = ownerOf(variable, vendors)
  if (owner !== null && owner.name !== vendor.name) {
    return `variable ${quote(variable)} is for keys of ${owner.name} and is never sent to ${vendor.name}; ${use}`
  }
  const other = vendors.find((one) => variable === one.baseVariable || one.extraVariables.includes(variable))
  if (other !== undefined) return `variable ${quote(variable)} is a setting of ${other.name}, not a key; ${use}`
  if (owner !== null || allowed.has(variable)) return null
  return `variable ${quote(variable)} is not a key variable of ${vendor.name}: a plan may not send it there; ${use}, or list it in ${allowVariable}`
}
