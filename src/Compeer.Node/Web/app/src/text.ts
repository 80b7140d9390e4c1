// Names and words that come from peers and torrents are shown as text and can neither hide nor reorder what stands beside them.

/** Controls, bidirectional controls, invisible and deprecated format characters, lone surrogates: all that changes a line without being seen. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]|\p{Cs}/gu

/** More than four marks on one letter reach into other lines. */
const TOWERS = /(\p{M}{4})\p{M}+/gu

/** Enough for every honest name; the whole stands in the detail. */
export const SHORT = 240

const LONGEST = 20_000

/** The text with everything that hides or reorders made visible, cut to `max` characters. */
export function harmless(text: string, max = SHORT): string {
  const start = text.length > max * 4 + 64 ? text.slice(0, Math.min(max * 4 + 64, LONGEST)) : text
  const clean = start.replace(HIDDEN, '\ufffd').replace(TOWERS, '$1')
  const letters = clean.length > max ? [...clean] : null
  return letters && letters.length > max ? letters.slice(0, max - 1).join('') + '…' : clean
}

/** The last element of a path in a torrent. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function extensionOf(path: string): string {
  const name = baseName(path)
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : ''
}
