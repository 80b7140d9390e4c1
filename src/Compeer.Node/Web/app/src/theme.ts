// Runs before the first paint, so that no theme flashes; and again whenever the system changes its own.
import { applyTheme, storedTheme, systemIsDark } from './storage'

applyTheme(storedTheme())
systemIsDark.addEventListener('change', () => applyTheme(storedTheme()))
