import { signal } from '@preact/signals'

/** The path after "#": "/", "/t/ID/files", "/add/ID", "/play/ID/INDEX", "/share", "/network", "/settings", "/log". */
export const route = signal<string[]>(parse())

/** The token of the link that the daemon prints ("#token=..."), taken out of the address at once, so that it stays in no history. */
export function takeToken(): string | null {
  const match = /^#token=([\w.~-]+)$/.exec(location.hash)
  if (!match) return null
  history.replaceState(null, '', location.pathname)
  route.value = parse()
  return match[1] ?? null
}

export function go(...path: string[]): void {
  location.hash = href(...path)
}

export function href(...path: string[]): string {
  return '#/' + path.map(encodeURIComponent).join('/')
}

function parse(): string[] {
  return location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter(part => part.length > 0)
    .map(part => {
      try {
        return decodeURIComponent(part)
      } catch {
        return ''
      }
    })
}

addEventListener('hashchange', () => {
  route.value = parse()
  document.getElementById('main')?.focus({ preventScroll: true })
})
