// Sizes and times as people write them: "1.5 MiB", "30 min", and back.

const UNITS: Record<string, number> = { '': 1, b: 1, k: 1024, kb: 1000, kib: 1024, m: 1024 ** 2, mb: 1e6, mib: 1024 ** 2, g: 1024 ** 3, gb: 1e9, gib: 1024 ** 3, t: 1024 ** 4, tb: 1e12, tib: 1024 ** 4 }
const TIMES: Record<string, number> = { '': 1, s: 1, sec: 1, min: 60, m: 60, h: 3600, d: 86400 }

/** The number of bytes that a text means ("1.5 MiB", "800 kB/s"); null for none at all, undefined when it means none. */
export function parseBytes(text: string): number | null | undefined {
  return parse(text.replace(/\/s$/i, ''), UNITS)
}

export function parseSeconds(text: string): number | null | undefined {
  return parse(text, TIMES)
}

function parse(text: string, units: Record<string, number>): number | null | undefined {
  const clean = text.trim().toLowerCase()
  if (clean === '' || clean === 'no limit') return null
  const match = /^(\d+(?:[.,]\d+)?)\s*([a-z]*)$/.exec(clean)
  const factor = match ? units[match[2] ?? ''] : undefined
  return match && factor !== undefined ? Math.round(Number((match[1] ?? '').replace(',', '.')) * factor) : undefined
}

export function exactBytes(value: number): string {
  for (const [unit, factor] of [['GiB', 1024 ** 3], ['MiB', 1024 ** 2], ['KiB', 1024]] as const) if (value >= factor && (value * 100) % factor === 0) return `${value / factor} ${unit}`
  return `${value} B`
}
