import { describe, expect, it } from "vitest";
import { assertPublicHost, isPrivateAddress, publicLookup } from "../../../src/core/storage/http-address.js";
import { displayUrl } from "../../../src/core/storage/http-url.js";

describe("isPrivateAddress", () => {
  const isPrivate = [
    "0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.168.1.1",
    "198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1",
    "::ffff:127.0.0.1 ::ffff:a9fe:a9fe ::ffff:192.168.0.1 64:ff9b::10.0.0.1 64:ff9b:1::1 2002:7f00:1:: 2002:a9fe:a9fe::1 100::1",
  ];
  it.each(isPrivate.flatMap((line) => line.split(" ")))("%s is not public", (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  const isPublic =
    "1.1.1.1 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.167.1.1 8.8.8.8 223.255.255.255 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1";
  it.each(isPublic.split(" "))("%s is public", (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });

  it("takes what is no address for private", () => {
    expect(["", "localhost", "1.2.3", "300.1.1.1"].map(isPrivateAddress)).toEqual([true, true, true, true]);
  });
});

/** Ways to write an address of this machine or its network, as the URL parser understands them. */
const HIDDEN = [
  "http://2130706433/",
  "http://0x7f.1/",
  "http://017700000001/",
  "http://127.1/",
  "http://0/",
  "http://[::ffff:169.254.169.254]/",
  "http://[::ffff:7f00:1]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://169.254.169.254./",
  "http://①②⑦.0.0.1/",
];

it.each(HIDDEN)("the host of %s is refused", (url) => {
  expect(() => assertPublicHost(new URL(url).hostname, "test")).toThrow(/which is not a public address/);
});

it("names and public addresses are left to the lookup", () => {
  for (const url of ["http://example.com/", "http://8.8.8.8/", "http://[2606:4700::1111]/"]) {
    expect(() => assertPublicHost(new URL(url).hostname, "test")).not.toThrow();
  }
});

it.each([{ all: true }, { all: false }, { family: 4 }])(
  "a name that leads to this machine is refused (%j)",
  async (options) => {
    const error = await new Promise((resolve) => publicLookup("test")("localhost", options, resolve));
    expect(error).toMatchObject({ code: "E_ADDRESS", context: { source: "test" } });
  },
);

it("shows of a URL nothing that may be secret", () => {
  expect(displayUrl(new URL("https://user:secret@host:81/a/b.hxz?X-Amz-Signature=secret#secret"))).toBe(
    "https://host:81/a/b.hxz?…",
  );
  expect(displayUrl(new URL("http://host/a b"))).toBe("http://host/a%20b");
});
