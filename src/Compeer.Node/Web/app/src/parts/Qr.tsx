import qrcode from 'qrcode-generator'
import { useMemo } from 'preact/hooks'

/** A QR code as SVG, dark on light in both themes, as cameras want it. Nothing where the text is too long for one. */
export function Qr({ text, label }: { text: string; label: string }) {
  const code = useMemo(() => {
    try {
      const made = qrcode(0, 'L')
      made.addData(text)
      made.make()
      return made
    } catch {
      return null
    }
  }, [text])
  if (!code) return null
  const size = code.getModuleCount()
  let path = ''
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (code.isDark(y, x)) path += `M${x + 4} ${y + 4}h1v1h-1z`
  return (
    <svg class="qr" viewBox={`0 0 ${size + 8} ${size + 8}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size + 8} height={size + 8} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
