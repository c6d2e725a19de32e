import { lookup as resolve } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { HexzError } from "../../errors.js";

/**
 * Addresses that are not of the public internet: this host, private, shared, link-local (where clouds keep their credentials), reserved, multicast. IANA's
 * special-purpose registries (RFC 6890).
 */
const PRIVATE_RANGES = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
  ["::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8],
] as const;

/** IPv6 prefixes that carry an IPv4 address, and the byte it begins at: mapped, NAT64, 6to4. */
const EMBEDDING = [
  ["::ffff:0:0", 96, 12],
  ["64:ff9b::", 96, 12],
  ["2002::", 16, 2],
] as const;

const privateAddresses = new BlockList();
for (const [network, prefix] of PRIVATE_RANGES) {
  privateAddresses.addSubnet(network, prefix, isIPv6(network) ? "ipv6" : "ipv4");
}
const embedding = EMBEDDING.map(([network, prefix, at]) => {
  const list = new BlockList();
  list.addSubnet(network, prefix, "ipv6");
  return { list, at };
});

/** Whether an IP address is of this machine or a network that is not public. What is no IP address at all counts as private. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, "");
  if (!isIPv6(bare)) return isIP(bare) === 0 || privateAddresses.check(bare, "ipv4");
  const carrier = embedding.find(({ list }) => list.check(bare, "ipv6"));
  if (carrier === undefined) return privateAddresses.check(bare, "ipv6");
  return privateAddresses.check([...ipv6Bytes(bare).subarray(carrier.at, carrier.at + 4)].join("."), "ipv4");
}

/** The 16 bytes of a valid IPv6 address. */
function ipv6Bytes(address: string): Uint8Array {
  const [head = "", tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split("::");
  const words = (text: string) => (text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16)));
  const first = words(head);
  const last = words(tail ?? "");
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
}

/** @throws HexzError `E_ADDRESS` where the host of an address is an IP address that is not public. Names are checked when they are resolved. */
export function assertPublicHost(hostname: string, name: string): void {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0 && isPrivateAddress(bare)) throw refusedAddress(name, bare);
}

/**
 * `dns.lookup` that refuses a name with an address that is not public. The socket connects to what it gives, so that a name that is resolved
 * differently a moment later gains nothing.
 */
export function publicLookup(name: string): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined)
        return callback(error ?? new Error(`no address of ${hostname}`), "", 0);
      const refused = addresses.find(({ address }) => isPrivateAddress(address));
      if (refused !== undefined) return callback(refusedAddress(name, refused.address), "", 0);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refusedAddress(name: string, address: string): HexzError {
  const message = `${name} lies at ${address}, which is not a public address; set storage.allowPrivate to read from private networks`;
  return new HexzError("E_ADDRESS", message, { context: { source: name, address } });
}
