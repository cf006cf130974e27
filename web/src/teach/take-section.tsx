/** The last part of the view Teach: using the model, and downloading it and the examples. */

import { useState } from "preact/hooks";
import { urlName } from "../../../src/util/url-name.ts";
import { download } from "../parts/download.ts";
import type { Example, Project } from "./project.ts";
import { megabytes } from "./project-bar.tsx";
import type { Trained } from "./trainings.ts";

export interface TakeSectionProps {
  readonly project: Project;
  readonly examples: readonly Example[];
  readonly all: Trained | undefined;
  /** Adds the model next to the shipped one, and shows the camera. */
  onTry(model: File): void;
}

export function TakeSection({ project, examples, all, onTry }: TakeSectionProps) {
  const [problem, setProblem] = useState<string>();
  const file = urlName(project.name);
  const pack = async (): Promise<void> => {
    try {
      // The code of the archive is loaded on demand.
      const { examplesZip } = await import("./examples-zip.ts");
      download(`${file}.zip`, await examplesZip(project.classes, examples), "application/zip");
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <section class="teach-take" aria-labelledby="teach-take">
      <h3 id="teach-take">
        <span class="step-number">{all ? 4 : 3}</span> {all ? "Use and download" : "Download"}
      </h3>
      <div class="choices">
        {all && (
          <>
            <button
              class="button primary"
              type="button"
              onClick={() => onTry(new File([all.bundle], `${file}.onnx`))}
            >
              Try it on the camera
            </button>
            <button
              class="button"
              type="button"
              onClick={() => download(`${file}.onnx`, all.bundle, "application/octet-stream")}
            >
              Download the model <span class="muted number">{megabytes(all.bundle.size)}</span>
            </button>
          </>
        )}
        <button class="button" type="button" disabled={examples.length === 0} onClick={() => void pack()}>
          Download the examples <span class="muted">.zip</span>
        </button>
      </div>
      {problem !== undefined && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      <p class="muted">
        {all
          ? "The model is one .onnx file that this page, Node and vultus serve accept. The archive contains a folder per class, the layout that vultus train reads."
          : "The archive contains a folder per class, the layout that vultus train reads."}
      </p>
    </section>
  );
}
