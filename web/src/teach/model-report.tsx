/** The result of adding a model that was dropped among the examples. */

import type { Models } from "../models/use-models.ts";

export interface ModelReportProps {
  readonly file: File;
  /** The page's models, to which every view adds dropped ones. */
  readonly models: Models;
  onClose(): void;
}

export function ModelReport({ file, models: { models, notice }, onClose }: ModelReportProps) {
  const model = models.find((loaded) => loaded.file?.name === file.name);
  if (notice?.kind === "busy") return <p class="files-report muted">{notice.text}</p>;
  return (
    <div class="files-report panel">
      {notice ? (
        <p class="error">
          {notice.text}. Nothing has changed: a training can start from any model of vultus.
        </p>
      ) : model ? (
        <p>
          {file.name} is a model, not an image. It distinguishes {model.classes.join(", ")}.{" "}
          <span class="muted">
            To start from it, choose “{model.name}” under “Train”. Your classes and examples stay as they are.
          </span>
        </p>
      ) : (
        <p class="muted">{file.name} is no longer loaded.</p>
      )}
      <div class="choices">
        <button class="button quiet" type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </div>
  );
}
