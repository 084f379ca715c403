/**
 * The vendors' keys: from the environment or a key file, and from nowhere else.
 *
 * A key is checked before anything is sent and read again for each request where it comes from a file, so a token that
 * was renewed there is used within a second or two: a file that has changed may be half written, and is read until it
 * has held still for a second. No message holds a key, and every key that was ever read, used or not, is known to the
 * scrubber of this process so that it can be cut out of whatever is written.
 *
 * @since 0.1.0
 */
import * as Credential from "@scanpoll/core/http/Credential"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { parseEnv } from "node:util"
import type { Vendor } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"
import * as KeyVariable from "./KeyVariable.ts"
import { didYouMean } from "./Nearest.ts"

/**
 * Whether the key of a variable can be used: it can, it is not set, or it is set and wrong. The message of the last two
 * says why, to follow the name of the variable.
 *
 * @category models
 * @since 0.2.0
 */
export type KeyState =
  | { readonly _tag: "Set" }
  | { readonly _tag: "Unset"; readonly message: string }
  | { readonly _tag: "Unusable"; readonly message: string }

/**
 * Where keys come from, and which were seen.
 *
 * - `check`: whether the key of a variable can be used.
 * - `credential`: the key of a variable, asked for anew each time.
 * - `redact`: a text without any key that was read so far.
 *
 * @category models
 * @since 0.1.0
 */
export interface Keys {
  readonly check: (variable: string) => Effect.Effect<KeyState>
  readonly credential: (vendor: string, variable: string) => Credential.Credential
  readonly redact: (text: string) => string
}

const maxBytes = 64 * 1024

// How long a key file that has changed must hold still, how often it is looked at meanwhile, and for how long at most.
const still = 1000
const look = 250
const patience = 3000

type Variables = Readonly<Record<string, string | undefined>>

// A shorter one may stand in a text by chance.
const least = 8

// The keys of the vendors, of their further accounts, and those of variables that are allowed as such.
const learn = (variables: Variables, vendors: ReadonlyArray<Vendor>, allowed: ReadonlySet<string>): void => {
  for (const [name, value = ""] of Object.entries(variables)) {
    const isKey = vendors.some(
      ({ keyVariable }) => keyVariable !== null && (name === keyVariable || name.startsWith(`${keyVariable}_`))
    )
    if (!isKey && !allowed.has(name)) continue
    for (const secret of secretsOf(value.trim())) if (secret.length >= least) Scrubber.ofProcess.learn(secret)
  }
}

// A key such as `id:secret` as it is, and its secret alone.
const secretsOf = (key: string): ReadonlyArray<string> => {
  const at = key.indexOf(":")
  if (at < 0) return [key]
  const [id, secret] = [key.slice(0, at), key.slice(at + 1)]
  return [key, secret === "" ? id : secret]
}

// The key of a file that may be away, empty or half written while somebody replaces it. Each change is waited for once.
const steadily = <E>(read: (variable: string) => Effect.Effect<string, E>) => {
  const settled = new Map<string, string | null>()
  const seen = (variable: string) => Effect.result(read(variable))
  const keyOf = (found: Result.Result<string, E>): string | null => (Result.isSuccess(found) ? found.success : null)
  return (variable: string): Effect.Effect<string, E> =>
    Effect.gen(function* () {
      let found = yield* seen(variable)
      const known = settled.get(variable)
      if (known !== undefined && known !== keyOf(found)) {
        let unchanged = 0
        for (let waited = 0; waited < patience && !(unchanged >= still && Result.isSuccess(found)); waited += look) {
          yield* Effect.sleep(look)
          const again = yield* seen(variable)
          if (keyOf(again) === known) {
            found = again
            break
          }
          unchanged = keyOf(again) === keyOf(found) ? unchanged + look : 0
          found = again
        }
      }
      settled.set(variable, keyOf(found))
      return yield* Effect.fromResult(found)
    })
}

/**
 * Keys from the environment, and from a key file before it where one is given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  environment: Variables,
  keyFile: string | null
): Effect.fn.Return<Keys, never, FileSystem.FileSystem | Vendors> {
  const fs = yield* FileSystem.FileSystem
  const vendors = yield* Vendors
  learn(environment, vendors.all, KeyVariable.allowed(environment))

  const fromFile: Effect.Effect<Variables, string> =
    keyFile === null
      ? Effect.succeed({})
      : Effect.gen(function* () {
          const info = yield* Effect.mapError(fs.stat(keyFile), () => "cannot be read")
          if (info.type !== "File") return yield* Effect.fail("is not a file")
          if (info.size > BigInt(maxBytes)) return yield* Effect.fail("is larger than 64 KiB")
          const text = yield* Effect.mapError(fs.readFileString(keyFile), () => "cannot be read")
          const variables = yield* Effect.try({
            try: (): Variables => parseEnv(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text),
            catch: () => "is not a dotenv file"
          })
          // The file is for keys: whatever stands in it is one.
          learn(variables, vendors.all, new Set(Object.keys(variables)))
          return variables
        })

  const read = (variable: string): Effect.Effect<string, Exclude<KeyState, { readonly _tag: "Set" }>> =>
    Effect.gen(function* () {
      const refuse = (message: string) => Effect.fail({ _tag: "Unusable" as const, message })
      const file = yield* Effect.catch(fromFile, (why) => refuse(`the key file ${why}`))
      const inFile = file[variable]?.trim() ?? ""
      const text = inFile === "" ? (environment[variable] ?? "") : inFile
      if (text.trim() === "") {
        const near = didYouMean(
          variable,
          [...Object.keys(file), ...Object.keys(environment)].filter(
            (name) => name !== variable && /KEY|TOKEN/i.test(name)
          )
        )
        const where =
          keyFile === null ? ", and no --key-file is given" : ", neither in the environment nor in the key file"
        return yield* Effect.fail({ _tag: "Unset" as const, message: `is not set${where}${near}` })
      }
      const checked = Credential.value(Redacted.make(text))
      if (Result.isFailure(checked)) return yield* refuse(checked.failure)
      return checked.success
    })

  const steady = steadily(read)

  // A key that was typed where a target belongs must be known before anything is written.
  yield* Effect.ignore(fromFile)

  return {
    check: (variable) =>
      Effect.match(read(variable), {
        onFailure: (why): KeyState => why,
        onSuccess: (): KeyState => ({ _tag: "Set" })
      }),
    credential: (vendor, variable) =>
      Effect.mapBoth(keyFile === null ? read(variable) : steady(variable), {
        onFailure: ({ message }) =>
          new Credential.CredentialError({ vendor, variable, message: `${variable} ${message}` }),
        onSuccess: (key) => Redacted.make(key, { label: vendor })
      }),
    redact: Scrubber.ofProcess.text
  }
})
