// Leads requests for the vendors' own addresses to the simulated ones: an example is shown as its user writes it, with
// no address, and still sends nothing to anybody. Preloaded into the programs of a page.
import process from "node:process"
import { Agent } from "undici"

const real = globalThis.fetch

/** @type {ReadonlyArray<readonly [string, string]>} */
const routes = [
  ["https://platform.exonalab.com/api/v1", "EXONA_BASE_URL"],
  ["https://appvet.dev", "APPVET_BASE_URL"],
  ["https://compliance.example", "COMPLIANCE_BASE_URL"]
]

/** @param {string} address */
const simulated = (address) => {
  for (const [from, name] of routes) {
    const to = process.env[name]
    if (to !== undefined && address.startsWith(from)) return to + address.slice(from.length)
  }
  if (new URL(address).hostname === "127.0.0.1") return address
  throw new Error(`an example would have asked ${new URL(address).host}`)
}

/** @type {typeof fetch} */
globalThis.fetch = (input, init) =>
  input instanceof Request ? real(new Request(simulated(input.url), input), init) : real(simulated(String(input)), init)

// The promise client asks through an agent of its own.
const { dispatch } = Agent.prototype
Agent.prototype.dispatch = function (options, handler) {
  if (options.origin === undefined) return dispatch.call(this, options, handler)
  const to = new URL(simulated(new URL(options.path, options.origin).href))
  return dispatch.call(this, { ...options, origin: to.origin, path: `${to.pathname}${to.search}` }, handler)
}
