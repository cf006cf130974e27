/** Recognises files among images that are not images, by name alone: listing a folder opens no file. */

/** What a file name reveals; every other file is judged by its content when it is decoded. */
export type FileKind = "image" | "video" | "raw" | "elsewhere" | "other";

const endings = (text: string): ReadonlySet<string> => new Set(text.split(" ").map((name) => `.${name}`));

/** Documents and tables, code, sound, weights; settings and thumbnails of other programs; incomplete downloads; copies. */
const others = endings(
  "txt md pdf doc docx rtf html htm xml json jsonl yaml yml csv tsv xls xlsx ods parquet db sqlite ini cfg log " +
    "py ipynb m mat npy npz pkl pt pth onnx h5 zip tar gz tgz bz2 xz 7z rar mp3 wav m4a aac ogg " +
    "aae xmp thm lnk url webloc cot cos cop lrcat lrprev pp3 dop on1 part partial crdownload download tmp bak swp",
);

/** Videos, including those that phones write for each photo. */
const videos = endings("3gp avi flv insv lrv m2ts m4v mkv mov mp4 mpeg mpg mts webm wmv");

/** Camera raw files, often next to a JPEG of the same photo. */
const raws = endings("3fr arw cr2 cr3 crw dng erf kdc mrw nef nrw orf pef raf raw rw2 sr2 srf srw x3f");

/** File extensions of images in any format. */
const imageEnding = /.\.(jpe?g|jfif|png|webp|gif|tiff?|avif|bmp)$/i;

/** Returns whether a name has an image's extension. */
export function isImageName(name: string): boolean {
  return imageEnding.test(name);
}

/** Placeholders for files in cloud storage. */
const placeholder = /^\..+\.icloud$|\.(nextcloud|owncloud|cloudf?)$/i;

/** Returns the kind of a file by its name. The Finder's `Icon` ends in a carriage return, editors' backups in `~`. */
export function kindOfFile(name: string): FileKind {
  if (placeholder.test(name)) return "elsewhere";
  const ending = /(?<=.)\.[^.]+$/.exec(name)?.[0].toLowerCase() ?? "";
  if (videos.has(ending)) return "video";
  if (raws.has(ending)) return "raw";
  return others.has(ending) || /[~\r]$|^~\$/.test(name) ? "other" : "image";
}

/** Folders of operating systems, of other programs and of devices: thumbnails, deleted files, code. */
const systemFolders = new Set([
  "#recycle",
  "$recycle.bin",
  "@eadir",
  "@recently-snapshot",
  "@recycle",
  "__macosx",
  "__pycache__",
  "captureone",
  "lost+found",
  "node_modules",
  "recycler",
  "system volume information",
  "venv",
]);

/** Whether a folder of this name contains no data. Photo libraries, which look like files to users, are such folders. */
export function isSystemFolder(name: string): boolean {
  return (
    systemFolders.has(name.toLowerCase()) ||
    /\.(lrdata|lrlibrary|photoslibrary|aplibrary|migratedphotolibrary|app)$/i.test(name)
  );
}
