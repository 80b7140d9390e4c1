import { tell } from '../../actions'
import { call } from '../../api'
import { learn } from '../../live'
import { Dialog } from '../../parts/Dialog'
import { FolderChooser } from '../../parts/FolderChooser'
import { say } from '../../parts/Toasts'
import { harmless } from '../../text'
import type { Summary } from '../../types'

/** Films go to other disks slowly; the node answers when it is done. */
const PATIENCE = 24 * 3600 * 1000

/** Asks where the files of a transfer shall lie, and has them moved. */
export function MoveDialog({ torrent, onClose }: { torrent: Summary; onClose: () => void }) {
  const move = (directory: string) =>
    tell(async () => {
      learn(await call<Summary>('PATCH', `torrents/${torrent.id}`, { directory }, { patience: PATIENCE }))
      say(`${harmless(torrent.name, 60)} lies in ${harmless(directory, 200)} now.`)
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
