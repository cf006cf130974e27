/** The result of adding files. */

import { count } from "../parts/numbers.ts";
import type { Adding, AddingReport } from "./use-files.ts";

export function FilesReport({ adding }: { readonly adding: Adding }) {
  const { progress, report } = adding;
  return (
    <>
      {progress && (
        <p class="files-report muted number">
          Looking for faces: {progress.done} of {count(progress.all, "image")}
        </p>
      )}
      {/* Screen readers announce what is added to an element that already exists. */}
      <div role="status">{report && !progress && <Report {...adding} report={report} />}</div>
    </>
  );
}

function Report({ report, takeWhole, dismiss }: Adding & { readonly report: AddingReport }) {
  const { added, several, faceless, unreadable, homeless, problems } = report;
  return (
    <div class="files-report panel">
      <p>
        {added > 0 ? `${count(added, "image")} added.` : "Nothing was added."}
        {several > 0 && ` ${count(several, "image")} showed several faces: the largest was used.`}
      </p>
      {homeless > 0 && (
        <p class="warning">
          {count(homeless, "image belongs", "images belong")} to no class: drop images on a class, or a folder
          per class.
        </p>
      )}
      {unreadable.length > 0 && (
        <p class="error">
          {unreadable.length === 1
            ? "This file is not an image that can be read"
            : "These files are not images that can be read"}
          : {namesOf(unreadable)}
        </p>
      )}
      {problems.map((problem) => (
        <p class="error" key={problem}>
          {problem}
        </p>
      ))}
      {faceless.length > 0 && (
        <p class="warning">
          No face was found in {namesOf(faceless.map(({ file }) => file.name))}.{" "}
          <span class="muted">If faces fill these images, use the whole images.</span>
        </p>
      )}
      <div class="choices">
        {faceless.length > 0 && (
          <button class="button quiet" type="button" onClick={() => void takeWhole()}>
            Use {faceless.length === 1 ? "the whole image" : "the whole images"} as faces
          </button>
        )}
        <button class="button quiet" type="button" onClick={dismiss}>
          Close
        </button>
      </div>
    </div>
  );
}

const FEW = 3;

function namesOf(names: readonly string[]): string {
  const more = names.length - FEW;
  return more > 0 ? `${names.slice(0, FEW).join(", ")} and ${more} more` : names.join(", ");
}
