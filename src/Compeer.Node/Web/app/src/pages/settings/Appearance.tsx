import { useState } from 'preact/hooks'
import { applyTheme, remember, storedTheme, type Theme } from '../../storage'

const THEMES: [Theme, string][] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

export function Appearance() {
  const [theme, setTheme] = useState(storedTheme)
  return (
    <fieldset class="segments">
      <legend class="quiet">Colours, in this browser</legend>
      {THEMES.map(([value, name]) => (
        <label key={value}>
          <input
            type="radio"
            name="theme"
            checked={theme === value}
            onChange={() => {
              remember('theme', value)
              applyTheme(value)
              setTheme(value)
              dispatchEvent(new Event('compeer-theme'))
            }}
          />{' '}
          {name}
        </label>
      ))}
    </fieldset>
  )
}
