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

// Names that no public name server answers (RFC 6761, 6762 and 8375; `internal` is ICANN's).
const localNames = ["localhost", "local", "internal", "home.arpa"]

/** `host` is as the URL parser writes it: lower case, IPv4 dotted, IPv6 compressed in brackets. */
const isLocal = (host: string): boolean => {
  if (host.startsWith("[")) return isLocalV6(host.slice(1, -1))
  const address = toNumber(host)
  if (address !== null) return isLocalV4(address)
  const name = host.replace(/\.+$/, "")
  return localNames.some((end) => name === end || name.endsWith(`.${end}`))
}

// The eight groups of an IPv6 address, compressed or not.
const groupsOf = (address: string): ReadonlyArray<number> => {
  const [head = [], tail = null] = address
    .split("::")
    .map((part) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16))))
  return tail === null ? head : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}

const isLocalV6 = (address: string): boolean => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groupsOf(address)
  const isInner = (high: number, low: number): boolean => isLocalV4(high * 65_536 + low)
  const isFlipped = (high: number, low: number): boolean => isInner(high ^ 0xffff, low ^ 0xffff)
  // An IPv4 address inside: compatible (`::` and `::1` too), mapped or translated; 64:ff9b::/96; 6to4; Teredo; ISATAP.
  if (a + b + c + d === 0 && (e === 0xffff || e === 0) && (f === 0xffff || f === 0) && isInner(g, h)) return true
  if (a === 0x64 && b === 0xff9b && (c === 1 || isInner(g, h))) return true
  if (a === 0x2002 && isInner(b, c)) return true
  if (a === 0x2001 && b === 0 && (isInner(c, d) || isFlipped(g, h))) return true
  if ((e & 0xfdff) === 0 && f === 0x5efe && isInner(g, h)) return true
  // Unique local fc00::/7, link local fe80::/10, site local fec0::/10, multicast ff00::/8.
  return (a & 0xfe00) === 0xfc00 || (a & 0xff80) === 0xfe80 || (a & 0xff00) === 0xff00
}
