// Addresses of the web, and which of them everybody can reach. Nothing here asks a name server: a name that resolves to a
// private address is the vendor's to refuse.

// The parser drops line breaks and tabs in silence: what is scanned would not be what was written.
// oxlint-disable-next-line no-control-regex
const blanks = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff]/

const isClean = (text: string): boolean => !blanks.test(text) && text.isWellFormed()

/** Why a text is no such address, in words that follow its name; null where it is one, as far as its text tells. */
export const fault = (text: string, { isPublic }: { readonly isPublic: boolean }): string | null => {
  if (text === "") return "must not be empty"
  if (!isClean(text)) return "must not hold white space, control characters or half a character"
  // Before a path some readers take it for a slash and some for a part of the user's name: they disagree on the host.
  if (text.includes("\\")) return "must not hold a backslash"
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return "must be an http:// or https:// address"
  if (!isPublic) return null
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password"
  return isLocal(url.hostname) ? "must be publicly reachable, and this is a local or private host" : null
}

/** First address and prefix length of every IPv4 block that is not reachable from everywhere (RFC 6890 and 5771). */
const localV4: ReadonlyArray<readonly [first: string, bits: number]> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3]
]

const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/

const toNumber = (address: string): number | null => {
  const parts = v4.exec(address)
  return parts === null ? null : parts.slice(1).reduce((sum, part) => sum * 256 + Number(part), 0)
}

const isLocalV4 = (address: number): boolean =>
  localV4.some(([first, bits]) => {
    const size = 2 ** (32 - bits)
    const start = toNumber(first) ?? 0
    return address >= start && address < start + size
  })

/** `host` is as the URL parser writes it: lower case, IPv4 dotted, IPv6 compressed in brackets. */
const isLocal = (host: string): boolean => {
  if (host.startsWith("[")) return isLocalV6(host.slice(1, -1))
  const address = toNumber(host)
  if (address !== null) return isLocalV4(address)
  const name = host.endsWith(".") ? host.slice(0, -1) : host
  return name === "localhost" || [".localhost", ".local", ".internal"].some((end) => name.endsWith(end))
}

const isLocalV6 = (address: string): boolean => {
  if (address === "::" || address === "::1") return true
  // An IPv4 address inside: mapped, compatible, translated (64:ff9b::/96) or 6to4 (2002::/16).
  const inner =
    /^::(?:ffff:(?:0:)?)?([0-9a-f]+):([0-9a-f]+)$/.exec(address) ??
    /^64:ff9b::([0-9a-f]+):([0-9a-f]+)$/.exec(address) ??
    /^2002:([0-9a-f]+):([0-9a-f]+):/.exec(address)
  if (inner !== null) {
    return isLocalV4(Number.parseInt(inner[1] ?? "", 16) * 65_536 + Number.parseInt(inner[2] ?? "", 16))
  }
  // Unique local fc00::/7, link local fe80::/10, multicast ff00::/8.
  return /^f(?:[cd]|e[89ab]|f)[0-9a-f]{0,2}:/.test(address)
}
