/** What lies beside images in people's folders and is none: by names alone, since nothing is opened to list a folder. */

/** What a file is by its name; everything else is judged by its content when it is decoded. */
export type FileKind = "image" | "video" | "raw" | "elsewhere" | "other";

const endings = (text: string): ReadonlySet<string> => new Set(text.split(" ").map((name) => `.${name}`));

/** Documents and tables, code, sound, weights; settings and thumbnails of other programs; downloads that did not end; copies. */
const others = endings(
  "txt md pdf doc docx rtf html htm xml json jsonl yaml yml csv tsv xls xlsx ods parquet db sqlite ini cfg log " +
    "py ipynb m mat npy npz pkl pt pth onnx h5 zip tar gz tgz bz2 xz 7z rar mp3 wav m4a aac ogg " +
    "aae xmp thm lnk url webloc cot cos cop lrcat lrprev pp3 dop on1 part partial crdownload download tmp bak swp",
);

/** Videos, also those that phones write beside each photo. */
const videos = endings("3gp avi flv insv lrv m2ts m4v mkv mov mp4 mpeg mpg mts webm wmv");

/** Cameras' raw files, often beside a JPEG of the same photo. */
const raws = endings("3fr arw cr2 cr3 crw dng erf kdc mrw nef nrw orf pef raf raw rw2 sr2 srf srw x3f");

/** What images end in, of whichever format they are. */
const imageEnding = /.\.(jpe?g|jfif|png|webp|gif|tiff?|avif|bmp)$/i;

/** Whether a name ends as those of images do. */
export function isImageName(name: string): boolean {
  return imageEnding.test(name);
}

/** What stands for a file that lies in a cloud. */
const placeholder = /^\..+\.icloud$|\.(nextcloud|owncloud|cloudf?)$/i;

/** What a file is by its name. The Finder's `Icon` ends in a return, copies of editors in `~`. */
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

/** Whether the images in a folder of this name are no data; libraries of photo programs look like files to people. */
export function isSystemFolder(name: string): boolean {
  return (
    systemFolders.has(name.toLowerCase()) ||
    /\.(lrdata|lrlibrary|photoslibrary|aplibrary|migratedphotolibrary|app)$/i.test(name)
  );
}
