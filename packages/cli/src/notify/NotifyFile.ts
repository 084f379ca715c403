/**
 * The file of receivers: who is notified of what, and how. It holds secrets and programs to start, so it is its owner's alone, and
 * no plan can name it.
 *
 * No fault repeats a value of the file, and its secrets and addresses are made known to the scrubber of this process: an address
 * of a chat is a secret too.
 *
 * @since 0.2.0
 */
import { type EventType, eventTypes } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as NodePath from "node:path"
import process from "node:process"
import { type InputFault, quote } from "../config/InputFault.ts"
import * as InputFile from "../config/InputFile.ts"
import * as Located from "../config/Located.ts"
import { didYouMean } from "../config/Nearest.ts"
import * as Checked from "../prepare/Checked.ts"

/**
 * How a receiver is told: by a signed request to an address, or by a program that is started with the notification on its
 * standard input. `allowPrivate`: the address may be of this machine or network, and without TLS.
 *
 * @category models
 * @since 0.2.0
 */
export type Way =
  | {
      readonly _tag: "Webhook"
      readonly url: Redacted.Redacted
      readonly secret: Redacted.Redacted
      readonly allowPrivate: boolean
    }
  | { readonly _tag: "Exec"; readonly command: string; readonly words: ReadonlyArray<string> }

/**
 * @category models
 * @since 0.2.0
 */
export interface Receiver {
  readonly name: string
  readonly events: ReadonlySet<EventType>
  readonly way: Way
}

const largest = 256 * 1024
const mostReceivers = 20
const ownFields = ["name", "events", "url", "secret", "allowPrivate", "exec"]

const isEvent = (word: unknown): word is EventType => eventTypes.some((type) => type === word)

/**
 * The bytes of a secret as Standard Webhooks writes it, `whsec_` and Base64; null for any other text, and for fewer than 24 or more
 * than 64 bytes.
 *
 * @category destructors
 * @since 0.2.0
 */
export const bytesOf = (secret: string): Uint8Array | null => {
  const [, text] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
  const bytes = text === undefined ? null : Buffer.from(text, "base64")
  return bytes !== null && bytes.length >= 24 && bytes.length <= 64 ? bytes : null
}

type Fault = (at: Located.Located, message: string) => null

const textOf = (located: Located.Located | undefined): string | null =>
  located?._tag === "Scalar" && typeof located.value === "string" && located.value.trim() !== ""
    ? located.value.trim()
    : null

const eventsOf = (located: Located.Located | undefined, fault: Fault): ReadonlySet<EventType> => {
  if (located === undefined) return new Set(eventTypes)
  if (located._tag !== "List" || located.items.length === 0) {
    fault(located, `events must be a list of ${eventTypes.join(", ")}`)
    return new Set()
  }
  const found = new Set<EventType>()
  for (const item of located.items) {
    const word = textOf(item)
    if (isEvent(word)) found.add(word)
    else fault(item, `this is no event; there are ${eventTypes.join(", ")}${didYouMean(word ?? "", eventTypes)}`)
  }
  return found
}

const urlOf = (located: Located.Located, allowPrivate: boolean, fault: Fault): string | null => {
  const text = textOf(located)
  const url = text === null ? null : URL.parse(text)
  if (url === null || url.hostname === "")
    return fault(located, "url must be an address such as https://hooks.example.com/x")
  if (url.username !== "" || url.password !== "") return fault(located, "url must hold no name and no password")
  if (url.protocol === "https:" || (url.protocol === "http:" && allowPrivate)) return url.href
  return fault(located, "url must be https; http needs allowPrivate: true")
}

const execOf = (located: Located.Located, fault: Fault): Way | null => {
  const words = located._tag === "List" ? located.items.map(textOf) : [null]
  const [command, ...rest] = words
  if (command === null || command === undefined || rest.includes(null)) {
    return fault(located, "exec must be a list: the program, then each of its arguments")
  }
  if (!NodePath.isAbsolute(command))
    return fault(located, "exec must name its program by an absolute path; no shell is used")
  return { _tag: "Exec", command, words: rest.flatMap((word) => word ?? []) }
}

const webhookOf = (fields: ReadonlyMap<string, Located.Located>, at: Located.Located, fault: Fault): Way | null => {
  const [allow, address, given] = [fields.get("allowPrivate"), fields.get("url"), fields.get("secret")]
  if (allow !== undefined && (allow._tag !== "Scalar" || typeof allow.value !== "boolean")) {
    fault(allow, "allowPrivate must be true or false")
  }
  const allowPrivate = allow?._tag === "Scalar" && allow.value === true
  const url = address === undefined ? null : urlOf(address, allowPrivate, fault)
  const secret = textOf(given)
  if (secret === null || bytesOf(secret) === null) {
    return fault(
      given ?? at,
      "secret is needed: whsec_ and 24 to 64 bytes in Base64, as `openssl rand -base64 32` makes them"
    )
  }
  if (url === null) return null
  for (const hidden of [secret, secret.slice("whsec_".length), url]) Scrubber.ofProcess.learn(hidden)
  return { _tag: "Webhook", url: Redacted.make(url), secret: Redacted.make(secret), allowPrivate }
}

const receiverOf = (located: Located.Located, fault: Fault): Receiver | null => {
  if (located._tag !== "Map") return fault(located, "a receiver has a name, and url with secret, or exec")
  const fields = new Map(located.entries.map(({ key, value }) => [key, value]))
  for (const { key, value } of located.entries) {
    if (!ownFields.includes(key)) fault(value, `a receiver has no field of this name${didYouMean(key, ownFields)}`)
  }
  const name = textOf(fields.get("name"))
  if (name === null || !/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    fault(fields.get("name") ?? located, "name must be 1 to 64 letters, digits, and . _ -")
  }
  const events = eventsOf(fields.get("events"), fault)
  const exec = fields.get("exec")
  if ((exec === undefined) === !fields.has("url")) return fault(located, "a receiver has either url or exec")
  const way = exec === undefined ? webhookOf(fields, located, fault) : execOf(exec, fault)
  return way === null || name === null ? null : { name, events, way }
}

/**
 * Reads a text of receivers. `file` names it in faults.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (text: string, file: string): Checked.Checked<ReadonlyArray<Receiver>> => {
  const faults: Array<InputFault> = []
  const at = (place: Located.Place): string => `${file}:${place.line}:${place.column}`
  const fault: Fault = (located, message) => {
    faults.push({ where: at(located.at), message })
    return null
  }
  const read = Located.parse(text)
  if (Result.isFailure(read)) {
    // What the reader of YAML says may repeat the line.
    const where = read.failure.map((one) => ({ where: at(one.at), message: "this is neither YAML nor JSON" }))
    return Checked.make([], { faults: where.slice(0, 1) })
  }
  const root = read.success
  const list = Located.get(root, "receivers")?.value
  if (root._tag !== "Map" || list?._tag !== "List" || root.entries.length !== 1) {
    return Checked.faulty([], file, "must be a map with `receivers`, a list, and nothing else")
  }
  if (list.items.length === 0 || list.items.length > mostReceivers) fault(list, `1 to ${mostReceivers} receivers`)
  const receivers = list.items.flatMap((item) => receiverOf(item, fault) ?? [])
  for (const [index, { name }] of receivers.entries()) {
    if (receivers.findIndex((other) => other.name === name) < index) fault(list, `two receivers have the name ${name}`)
  }
  return Checked.make(receivers, { faults })
}

const words: Readonly<Record<InputFile.Obstacle, string>> = {
  missing: "there is no such file of receivers",
  folder: "is a folder",
  device: "is a device",
  large: "is larger than 256 KiB",
  unreadable: "cannot be read"
}

/**
 * The receivers of a file. Refuses one that another user can read or write: it holds secrets, and programs that are started.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = Effect.fnUntraced(function* (
  file: string
): Effect.fn.Return<Checked.Checked<ReadonlyArray<Receiver>>, never, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const seen = yield* Effect.option(fs.stat(file))
  if (seen._tag === "Some" && process.platform !== "win32") {
    const owner = Option.getOrNull(seen.value.uid)
    if (owner !== null && owner !== 0 && owner !== process.geteuid?.()) {
      return Checked.faulty([], quote(file), "this file of receivers belongs to another user")
    }
    if ((seen.value.mode & 0o077) !== 0) {
      return Checked.faulty([], quote(file), "other users can read or write this file of receivers; chmod 600 it")
    }
  }
  const found = yield* Effect.result(InputFile.read(file, largest))
  return Result.isFailure(found)
    ? Checked.faulty([], quote(file), words[found.failure])
    : parse(new TextDecoder().decode(found.success), file)
})
