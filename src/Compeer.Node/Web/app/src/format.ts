const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function bytes(value: number): string {
  let unit = 0
  let size = value
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024
    unit++
  }
  if (size >= 999.5 && unit < UNITS.length - 1) return `${(size / 1024).toFixed(1)} ${UNITS[unit + 1]}`
  return `${unit === 0 || size >= 99.5 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`
}

export function rate(value: number): string {
  return bytes(value) + '/s'
}

/** "99.9 %" is never rounded up to done. */
export function percent(fraction: number): string {
  const value = Math.floor(fraction * 1000) / 10
  return `${value >= 100 || value === 0 || value >= 10 ? Math.floor(value) : value.toFixed(1)} %`
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`
  const days = Math.floor(hours / 24)
  if (days < 30) return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`
  return days < 365 ? `${Math.round(days / 30)} months` : 'more than a year'
}

/** "just now", "5 min ago". */
export function ago(value: string): string {
  const seconds = (Date.now() - new Date(value).getTime()) / 1000
  return seconds < 60 ? 'just now' : `${duration(seconds)} ago`
}

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

export function dateTime(value: string): string {
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? '' : DATE.format(date)
}

export function clock(value: string | number): string {
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? '' : CLOCK.format(date)
}

export function count(value: number, one: string, many = one + 's'): string {
  return `${value.toLocaleString('en')} ${value === 1 ? one : many}`
}
