/**
 * Which addresses belong to this machine or network: nothing is sent there unless a receiver is meant to be there.
 *
 * @since 0.2.0
 */
import { BlockList, isIP } from "node:net"

const ranges: ReadonlyArray<readonly [address: string, prefix: number]> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["::", 128],
  ["::1", 128],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8]
]

const blocked = new BlockList()
for (const [address, prefix] of ranges) blocked.addSubnet(address, prefix, address.includes(":") ? "ipv6" : "ipv4")

/**
 * Whether an IP address is of this machine or a private network; a text that is no address counts as one.
 *
 * @category guards
 * @since 0.2.0
 */
export const is = (address: string): boolean => {
  const version = isIP(address)
  // A block list looks through an IPv4 address that is written as an IPv6 one.
  return version === 0 || blocked.check(address, version === 6 ? "ipv6" : "ipv4")
}
