/** Dropped, pasted or chosen files, each with the name of its folder, which is its class. */

export interface GivenFile {
  readonly file: File;
  /** The name of the folder itself, without its parents; omitted for a file without a folder. */
  readonly folder?: string;
}

/** Files of a drop or a paste, including those in folders. The data is available only during the event: call this there. */
export async function filesOf(given: DataTransfer): Promise<GivenFile[]> {
  const entries = [...given.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (entries.length === 0) return [...given.files].map((file) => ({ file }));
  return (await Promise.all(entries.map((entry) => below(entry)))).flat();
}

/** Chosen files; if a folder was chosen, they know their path in it. */
export function filesChosen(files: Iterable<File>): GivenFile[] {
  return [...files].flatMap((file) => {
    const path = file.webkitRelativePath.split("/");
    const folder = path.at(-2);
    if (!folder) return [{ file }];
    return path.slice(1).some(isHidden) ? [] : [{ file, folder }];
  });
}

/** Whether it is a file that operating systems put into folders for themselves. */
function isHidden(name: string): boolean {
  return name.startsWith(".");
}

/** Whether it is an image by its type or its extension, which is all that is known before reading it. */
export function isImage({ type, name }: File): boolean {
  return type.startsWith("image/") || /\.(avif|bmp|gif|jpe?g|png|tiff?|webp)$/i.test(name);
}

async function below(entry: FileSystemEntry, folder?: string): Promise<GivenFile[]> {
  if (isHidden(entry.name)) return [];
  // A placeholder for a file that the browser may not read: the report names it, and the rest is added.
  const unreadable = (): GivenFile[] => [{ file: new File([], entry.name), ...(folder && { folder }) }];
  if (entry.isFile) {
    const read = new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return read.then((file) => [{ file, ...(folder && { folder }) }], unreadable);
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FileSystemEntry[] = [];
  const all = async (): Promise<GivenFile[]> =>
    (await Promise.all(found.map((one) => below(one, entry.name)))).flat();
  // A reader returns a hundred entries at a time, and finally none.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    ).catch(() => undefined);
    if (!some) return [...(await all()), ...unreadable()];
    if (some.length === 0) return all();
    found.push(...some);
  }
}
