import { bytes, duration, rate } from '../../format'
import { exactBytes, parseBytes, parseSeconds } from '../../parts/sizes'
import type { Setting } from '../../types'

// Values of settings as people write them, and back.

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
