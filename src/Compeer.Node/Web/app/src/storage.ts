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

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}
