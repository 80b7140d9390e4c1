import { useState } from 'preact/hooks'
import { tell } from '../actions'
import { call } from '../api'
import { bytes } from '../format'
import { node } from '../live'
import { FolderChooser } from '../parts/FolderChooser'
import { Words } from '../parts/Small'
import type { Node } from '../types'

/** The one question of the first start. */
export function FirstRun() {
  const [choosing, setChoosing] = useState(false)
  const now = node.value
  if (!now) return null
  const choose = (path: string) =>
    tell(async () => {
      await call('PATCH', 'settings', { 'download-directory': path })
      node.value = await call<Node>('GET', 'node')
    })
  return (
    <main class="door wide">
      <img src="/assets/icon.svg" alt="" width="56" height="56" />
      <h1>Where should your files go?</h1>
      <p class="quiet">Everything you fetch lands in this folder, unless you say otherwise for a transfer. You can change it later under Settings.</p>
      {choosing ? (
        <FolderChooser start={now.downloadDirectory} verb="Use this folder" onChoose={choose} />
      ) : (
        <>
          <p class="place">
            <strong>
              <Words max={400}>{now.downloadDirectory}</Words>
            </strong>
            <span class="quiet number">{bytes(now.freeBytes)} free</span>
          </p>
          <div class="actions centre">
            <button type="button" class="primary" autofocus onClick={() => void choose(now.downloadDirectory)}>
              Use this folder
            </button>
            <button type="button" onClick={() => setChoosing(true)}>
              Choose another
            </button>
          </div>
        </>
      )}
    </main>
  )
}
