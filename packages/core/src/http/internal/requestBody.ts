// Bodies of requests, as they are sent, with their content type; null for what cannot be written.

import type { FilePart } from "./client.ts"

export type Encoding = "json" | "form" | "text" | "multipart"

export interface Encoded {
  readonly content: string | Uint8Array
  readonly type: string
}

const isFields = (body: unknown): body is Readonly<Record<string, unknown>> =>
  typeof body === "object" && body !== null && !Array.isArray(body)

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))

const json = (body: unknown): Encoded | null => {
  try {
    const text: string | undefined = JSON.stringify(body)
    return text === undefined ? null : { content: text, type: "application/json" }
  } catch {
    return null
  }
}

const form = (body: unknown): Encoded | null => {
  if (!isFields(body)) return null
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined) continue
    const values: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
    for (const one of values) {
      if (!isScalar(one)) return null
      params.append(name, String(one))
    }
  }
  return { content: params.toString(), type: "application/x-www-form-urlencoded" }
}

const isFile = (value: unknown): value is FilePart =>
  isFields(value) &&
  typeof value["name"] === "string" &&
  (typeof value["content"] === "string" || value["content"] instanceof Uint8Array)

// As browsers write a name: what would end the text or the line is percent-encoded.
const quoted = (text: string): string =>
  text.replace(/["\r\n]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`)

const mediaType = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/

const joined = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}

const multipart = (body: unknown): Encoded | null => {
  if (!isFields(body)) return null
  const encoder = new TextEncoder()
  const parts: Array<{ readonly head: string; readonly content: Uint8Array }> = []
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined) continue
    const disposition = `content-disposition: form-data; name="${quoted(name)}"`
    if (isFile(value)) {
      const { content, name: filename, type = "application/octet-stream" } = value
      if (!mediaType.test(type)) return null
      parts.push({
        head: `${disposition}; filename="${quoted(filename)}"\r\ncontent-type: ${type}`,
        content: typeof content === "string" ? encoder.encode(content) : content
      })
    } else if (isScalar(value)) parts.push({ head: disposition, content: encoder.encode(String(value)) })
    else return null
  }
  const latin = new TextDecoder("latin1")
  const texts = parts.map(({ content }) => latin.decode(content))
  let boundary = "scanpoll-boundary"
  for (let n = 1; texts.some((text) => text.includes(boundary)); n++) boundary = `scanpoll-boundary-${n}`
  const content = joined([
    ...parts.flatMap(({ content, head }) => [
      encoder.encode(`--${boundary}\r\n${head}\r\n\r\n`),
      content,
      encoder.encode("\r\n")
    ]),
    encoder.encode(`--${boundary}--\r\n`)
  ])
  return { content, type: `multipart/form-data; boundary=${boundary}` }
}

export const encode = (body: unknown, as: Encoding): Encoded | null => {
  if (as === "json") return json(body)
  if (as === "form") return form(body)
  if (as === "multipart") return multipart(body)
  return typeof body === "string" ? { content: body, type: "text/plain; charset=utf-8" } : null
}

/** The text in which a pasted key is looked for. */
export const asText = ({ content }: Encoded): string =>
  typeof content === "string" ? content : new TextDecoder("utf-8").decode(content)
