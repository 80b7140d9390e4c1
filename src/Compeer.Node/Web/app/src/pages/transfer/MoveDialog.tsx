import { tell } from '../../actions'
import { call } from '../../api'
import { learn } from '../../live'
import { Dialog } from '../../parts/Dialog'
import { FolderChooser } from '../../parts/FolderChooser'
import { say } from '../../parts/Toasts'
import { harmless } from '../../text'
import type { Summary } from '../../types'

/** Asks where the files of a transfer shall lie, and has them moved. */
export function MoveDialog({ torrent, onClose }: { torrent: Summary; onClose: () => void }) {
  const move = (directory: string) =>
    tell(async () => {
      const answer = await call<Summary>('PATCH', `torrents/${torrent.id}`, { directory })
      learn(answer)
      const name = harmless(torrent.name, 60)
      // The node does not let us wait for large files on the way to another disk.
      say(answer.state === 'moving' ? `${name} is on its way; its page tells when it has arrived.` : `${name} lies in ${harmless(directory, 200)} now.`)
    })
  return (
    <Dialog title="Where shall its files lie?" onClose={onClose}>
      <p class="quiet">They are moved there with all that is here already; the transfer goes on by itself.</p>
      <FolderChooser
        start={torrent.directory}
        verb="Move them here"
        onChoose={path => {
          onClose()
          void move(path)
        }}
      />
    </Dialog>
  )
}
