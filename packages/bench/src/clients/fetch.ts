/**
 * The fetch that comes with Node.
 */
import { asking, type Client, isScanning, statusPath } from "../Client.ts"

const headers = { accept: "application/json", authorization: "Bearer bench-key" }

export const builtIn: Client = asking(async (base, id) => {
  const response = await fetch(base + statusPath(id), { headers })
  const body: unknown = await response.json()
  if (response.status !== 200 || !isScanning(body)) throw new Error(`unexpected answer: ${response.status}`)
})
