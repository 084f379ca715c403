// Control, format and direction characters that JSON.stringify leaves as they are.
const active =
  /[\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|[\udb40-\udb43][\udc00-\udfff]/g

const escape = (text: string): string => {
  let out = ""
  for (let at = 0; at < text.length; at += 1) out += `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`
  return out
}

// What a build runner takes for a command wherever it stands in a line: see HostileText.
const commands = /##(?=\[|[a-z][\w.-]{0,63}\[)|section_(?=(?:start|end):)|travis_(?=(?:fold|time):)/gi

// Every command has one of these; looking for them costs a fraction of looking for the commands.
const mayCommand = /##|_(?:start|end|fold|time):/i

// Only string contents can hold these, so escaping them in the finished text keeps every value.
export const safeJson = (value: unknown, space = 0): string => guardJson(JSON.stringify(value, null, space))

// The same for JSON that is written already.
export const guardJson = (json: string): string => {
  const text = json.replace(active, escape)
  return mayCommand.test(text) ? text.replace(commands, (signs) => escape(signs.slice(0, 1)) + signs.slice(1)) : text
}

// The same inside a script element, where `<` could end it or open a comment.
export const islandJson = (value: unknown): string => safeJson(value).replaceAll("<", "\\u003c")

// Where the canonical JSON stands in a page.
export const islandId = "scanpoll-report"
