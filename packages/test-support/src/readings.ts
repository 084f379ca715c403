/** Readers of finished output, who look for a key that should not be there. */

/** A text without what a person does not see, in one case. */
export const bare = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex -- sequences of a terminal hide nothing from a reader.
    .replace(/\u001b\[[0-9;]*m|\u001b\][^\u0007]*\u0007/g, "")
    .normalize("NFKD")
    .replace(/[\p{Cc}\p{Cf}\p{M}\p{Default_Ignorable_Code_Point}\s]/gu, "")
    .toLowerCase()

const decoders: ReadonlyArray<(text: string) => string> = [
  (text) => text.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
  (text) => text.replace(/\\(["\\/])/g, "$1"),
  (text) => text.replace(/&#(\d{1,7});/g, (_, code: string) => String.fromCodePoint(Number(code) % 0x110000)),
  (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
  (text) => text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
]

/** What a format's own escapes and a person's eye make of an output. It shares nothing with what looks for keys. */
export const readings = (output: string): ReadonlyArray<string> => {
  const all = decoders.reduce((texts, decode) => [...texts, decode(texts.at(-1) ?? "")], [output])
  return [...all, ...decoders.map((decode) => decode(output))].map(bare)
}
