/** Files that were dropped, pasted or chosen, each with the folder that it lay in: its name is the class. */

export interface GivenFile {
  readonly file: File;
  /** The folder's own name, without those around it; left out for a file that was given by itself. */
  readonly folder?: string;
}

/** Files of a drop or a paste, those in folders too. What was dropped can be asked for during the event only: call it there. */
export async function filesOf(given: DataTransfer): Promise<GivenFile[]> {
  const entries = [...given.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (entries.length === 0) return [...given.files].map((file) => ({ file }));
  return (await Promise.all(entries.map((entry) => below(entry)))).flat();
}

/** Files that were chosen; if a folder was, they know their path in it. */
export function filesChosen(files: Iterable<File>): GivenFile[] {
  return [...files].map((file) => {
    const folder = file.webkitRelativePath.split("/").at(-2);
    return { file, ...(folder ? { folder } : {}) };
  });
}

/** Whether it is an image by its kind or its ending, which is all that is known before it is read. */
export function isImage({ type, name }: File): boolean {
  return type.startsWith("image/") || /\.(avif|bmp|gif|jpe?g|png|tiff?|webp)$/i.test(name);
}

async function below(entry: FileSystemEntry, folder?: string): Promise<GivenFile[]> {
  // What systems put into folders for themselves.
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ file, ...(folder === undefined ? {} : { folder }) }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FileSystemEntry[] = [];
  // A reader gives a hundred at a time, and then none.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    found.push(...some);
  }
  return (await Promise.all(found.map((one) => below(one, entry.name)))).flat();
}
