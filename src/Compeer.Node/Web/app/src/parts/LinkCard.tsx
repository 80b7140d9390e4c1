import { harmless } from '../text'
import { Qr } from './Qr'
import { Copy } from './Small'

/** A link to give away: as a picture for cameras, as text, and for the clipboard. */
export function LinkCard({ link }: { link: string }) {
  return (
    <div class="link-card">
      <Qr text={link} label="QR code of the link" />
      <div class="stack">
        <code class="long">{harmless(link, 4000)}</code>
        <span>
          <Copy text={link} label="Copy the link" />
        </span>
      </div>
    </div>
  )
}
