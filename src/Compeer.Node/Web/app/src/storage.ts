/** What this browser remembers. Storage may be refused (private windows); then nothing is remembered. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem('compeer.' + key)
  } catch {
    return null
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem('compeer.' + key, value)
  } catch {
    // Nothing depends on it.
  }
}

export type Theme = 'system' | 'light' | 'dark'

export function storedTheme(): Theme {
  const value = remembered('theme')
  return value === 'light' || value === 'dark' ? value : 'system'
}

/** Sets the colours that count: those of the system until one has chosen. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme === 'system' ? (systemIsDark.matches ? 'dark' : 'light') : theme
}

/** Whether the system is dark; tells when it changes. */
export const systemIsDark = matchMedia('(prefers-color-scheme: dark)')
