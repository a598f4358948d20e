// A place to drop files and folders, which is also a button for the keyboard. Not here: what becomes of them.
import { useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { t } from '../strings/index.js';

interface Props {
  label: string;
  /** As of `<input>`: `.jsonl,.txt`. */
  accept?: string;
  several?: boolean;
  onFiles: (files: File[]) => void;
}

export function Drop({ label, accept, several = false, onFiles }: Props): VNode {
  const input = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const chosen = (element: HTMLInputElement): void => {
    const files = [...(element.files ?? [])];
    element.value = ''; // so that the same file can be chosen again
    if (files.length > 0) onFiles(files);
  };
  return (
    <div
      class={isOver ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void droppedFiles(event.dataTransfer).then((files) => {
          if (files.length > 0) onFiles(several ? files : files.slice(0, 1));
        });
      }}
    >
      <p>{label}</p>
      <button type="button" onClick={() => input.current?.click()}>
        {t(several ? 'drop.files' : 'drop.file')}
      </button>
      {several && (
        <button type="button" onClick={() => folder.current?.click()}>
          {t('drop.folder')}
        </button>
      )}
      <input
        ref={input}
        type="file"
        hidden
        aria-label={label}
        multiple={several}
        accept={accept}
        onChange={(event) => {
          chosen(event.currentTarget);
        }}
      />
      {several && (
        <input
          ref={(element) => {
            folder.current = element;
            element?.setAttribute('webkitdirectory', '');
          }}
          type="file"
          hidden
          aria-label={t('drop.folder')}
          onChange={(event) => {
            chosen(event.currentTarget);
          }}
        />
      )}
    </div>
  );
}

/** Of folders all files below. */
async function droppedFiles(data: DataTransfer | null): Promise<File[]> {
  const entries = [...(data?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...(data?.files ?? [])];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    return new Promise((resolve) => {
      (entry as FileSystemFileEntry).file(
        (file) => {
          resolve([file]);
        },
        () => {
          resolve([]);
        },
      );
    });
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    // Browsers give a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve) => {
      reader.readEntries(resolve, () => {
        resolve([]);
      });
    });
    if (some.length === 0) return found;
    found.push(...(await Promise.all(some.map(filesOf))).flat());
  }
}
