// Control, format and direction characters that JSON.stringify leaves as they are.
const active =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g

const escape = (text: string): string => {
  let out = ""
  for (let at = 0; at < text.length; at += 1) out += `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`
  return out
}

// Only string contents can hold these, so escaping them in the finished text keeps every value. `##[` is a command to
// a build runner wherever it stands in a line.
export const safeJson = (value: unknown, space = 0): string =>
  JSON.stringify(value, null, space).replace(active, escape).replaceAll("##[", "\\u0023#[")

// The same inside a script element, where `<` could end it or open a comment.
export const islandJson = (value: unknown): string => safeJson(value).replaceAll("<", "\\u003c")

// Where the canonical JSON stands in a page.
export const islandId = "scanpoll-report"
