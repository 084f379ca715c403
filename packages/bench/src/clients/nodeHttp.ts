/**
 * `node:http` with an agent that keeps its connections.
 */
import { Agent, get } from "node:http"
import { asking, type Client, isScanning, statusPath } from "../Client.ts"

const agent = new Agent({ keepAlive: true })
const headers = { accept: "application/json", authorization: "Bearer bench-key" }

export const keptAlive: Client = asking(
  (base, id) =>
    new Promise((resolve, reject) => {
      get(base + statusPath(id), { agent, headers }, (response) => {
        let text = ""
        response.setEncoding("utf8")
        response.on("data", (part: string) => (text += part))
        response.once("error", reject)
        response.once("end", () => {
          if (response.statusCode === 200 && isScanning(JSON.parse(text))) resolve()
          else reject(new Error(`unexpected answer: ${response.statusCode}`))
        })
      }).once("error", reject)
    })
)
