import { useEffect, useState } from 'preact/hooks'
import { systemIsDark } from '../storage'

/** The colours of the style sheet, for what is drawn by hand. */
export function themeColours() {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string) => style.getPropertyValue('--' + name).trim()
  return { accent: of('accent'), half: of('half'), line: of('line'), edge: of('edge'), warn: of('warn'), bad: of('bad'), quiet: of('quiet'), ink: of('ink'), surface: of('surface') }
}

/** Grows when the theme changes. */
export function useThemeChange(): number {
  const [changes, setChanges] = useState(0)
  useEffect(() => {
    const listen = () => setChanges(many => many + 1)
    systemIsDark.addEventListener('change', listen)
    addEventListener('compeer-theme', listen)
    return () => {
      systemIsDark.removeEventListener('change', listen)
      removeEventListener('compeer-theme', listen)
    }
  }, [])
  return changes
}
