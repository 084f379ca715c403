/**
 * undici's `request`, the fastest client there is that speaks all of HTTP/1.1.
 */
import { request } from "undici"
import { asking, type Client, isScanning, statusPath } from "../Client.ts"

const headers = { accept: "application/json", authorization: "Bearer bench-key" }

const expect = (status: number, body: unknown): void => {
  if (status !== 200 || !isScanning(body)) throw new Error(`unexpected answer: ${status}`)
}

export const bare: Client = asking(async (base, id) => {
  const { body, statusCode } = await request(base + statusPath(id), { headers })
  expect(statusCode, await body.json())
})

export const abortable: Client = asking(async (base, id) => {
  const { signal } = new AbortController()
  const { body, statusCode } = await request(base + statusPath(id), { headers, signal })
  expect(statusCode, await body.json())
})
