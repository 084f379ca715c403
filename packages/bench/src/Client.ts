/**
 * A way to ask one vendor over HTTP how a scan is doing.
 */

/**
 * Asks for scans `count` times, `atOnce` of them at any time, and is fulfilled when all were answered; rejected when one
 * was not understood. Connections are kept from one call to the next.
 */
export type Asking = (count: number, atOnce: number) => Promise<void>

/** A client for the vendor at `base`. */
export type Client = (base: URL) => Asking

/** The path of a scan's status. */
export const statusPath = (id: number): string => `/v1/scan/scan_${id}`

/** A client out of one poll by promise. */
export const asking =
  (poll: (base: string, id: number) => Promise<void>): Client =>
  ({ origin }) =>
  async (count, atOnce) => {
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < count) await poll(origin, next++)
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
  }

/** Whether an answer says what the vendor of these benchmarks always says. */
export const isScanning = (body: unknown): boolean =>
  typeof body === "object" && body !== null && "status" in body && body.status === "scanning"
