import { bytes, duration, rate } from '../../format'
import type { Setting } from '../../types'

// Values as people write them: "1.5 MiB", "30 min", and back.

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

/** How a value is shown in a field, so that reading it again gives the same. */
export function toText(setting: Setting, value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'number') return String(value)
  switch (setting.type) {
    case 'bytes':
    case 'rate':
      return value === 0 ? '' : exactBytes(value)
    case 'duration':
      return value % 86400 === 0 && value > 0 ? `${value / 86400} d` : value % 3600 === 0 && value > 0 ? `${value / 3600} h` : value % 60 === 0 && value > 0 ? `${value / 60} min` : `${value} s`
    default:
      return String(value)
  }
}

export function exactBytes(value: number): string {
  for (const [unit, factor] of [['GiB', 1024 ** 3], ['MiB', 1024 ** 2], ['KiB', 1024]] as const) if (value >= factor && (value * 100) % factor === 0) return `${value / factor} ${unit}`
  return `${value} B`
}

export function defaultWords(setting: Setting): string {
  const value = setting.default
  if (value === null || value === undefined || value === '') return 'empty'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number' && setting.type === 'rate') return value === 0 ? 'no limit' : rate(value)
  if (typeof value === 'number' && setting.type === 'bytes') return value === 0 ? 'no limit' : bytes(value)
  if (typeof value === 'number' && setting.type === 'duration') return duration(value)
  return String(value)
}

/** What a text in the field of a setting means; undefined when it means nothing. */
export function fromText(setting: Setting, text: string): unknown {
  switch (setting.type) {
    case 'int': {
      return /^-?\d+$/.test(text.trim()) ? Number(text) : text.trim() === '' ? null : undefined
    }
    case 'bytes':
    case 'rate':
      return parseBytes(text)
    case 'duration':
      return parseSeconds(text)
    default:
      return text
  }
}
