/** The first part of the view Teach: the camera, the classes, and all ways to add examples. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useCamera } from "../camera/use-camera.ts";
import type { Models } from "../models/use-models.ts";
import { isModelFile } from "../parts/use-files.ts";
import type { Recogniser } from "../recogniser/recogniser.ts";
import { ClassCard } from "./class-card.tsx";
import { filesChosen, filesOf, type GivenFile } from "./drop.ts";
import { FilesReport } from "./files-report.tsx";
import { ModelReport } from "./model-report.tsx";
import { imbalanceOf, refusalOfName } from "./project.ts";
import { Stage } from "./stage.tsx";
import { useFiles } from "./use-files.ts";
import type { OpenProject } from "./use-project.ts";
import { useRecorder } from "./use-recorder.ts";

export interface ExamplesSectionProps {
  readonly recogniser: Recogniser;
  /** Its crops are kept; undefined until it is loaded. */
  readonly model: number | undefined;
  readonly models: Models;
  readonly project: OpenProject;
  /** Whether the view is shown. */
  readonly active: boolean;
}

export function ExamplesSection({ recogniser, model, models, project, active }: ExamplesSectionProps) {
  const camera = useCamera();
  const live = camera.state.kind === "running";
  const recorder = useRecorder({
    recogniser,
    video: camera.video,
    model,
    on: live,
    muted: camera.muted,
    project,
  });
  const adding = useFiles(recogniser, model, project);
  const { examples } = project;
  const classes = project.project?.classes ?? [];
  const counts = classes.map(
    ({ id, name }) => [name, examples.filter((example) => example.class === id).length] as const,
  );
  const most = Math.max(0, ...counts.map(([, n]) => n));
  const imbalance = imbalanceOf(counts);
  const [dropped, setDropped] = useState<File>();
  useDrops(active, (files, to) => {
    // A model file in a folder is not an image of its class.
    const isModel = ({ file, folder }: GivenFile): boolean => folder === undefined && isModelFile(file);
    const images = files.filter((file) => !isModel(file));
    if (images.length > 0) void adding.add(images, to);
    const model = files.findLast(isModel);
    if (model) setDropped(model.file);
  });
  useEffect(() => {
    if (!active) camera.stop();
  }, [active]);

  const held = useRef<string>();
  const isTyping = ({ target }: Event): boolean =>
    target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  const keyDown = (event: JSX.TargetedKeyboardEvent<HTMLElement>): void => {
    const of = classes[Number(event.key) - 1];
    if (event.key === "Escape") return recorder.release();
    if (!of || !live || event.repeat || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey)
      return;
    held.current = event.key;
    recorder.hold(of.id);
  };
  const letGo = (): void => {
    if (held.current === undefined) return;
    held.current = undefined;
    recorder.release();
  };
  const keyUp = ({ key }: KeyboardEvent): void => {
    if (key === held.current) letGo();
  };
  const latest = useRef(letGo);
  latest.current = letGo;
  useEffect(() => {
    // If another window gets the focus, this one does not receive the key's release.
    const leave = (): void => latest.current();
    addEventListener("blur", leave);
    return () => removeEventListener("blur", leave);
  }, []);
  return (
    <section
      class="teach-examples"
      aria-labelledby="teach-examples"
      tabIndex={-1}
      onKeyDown={keyDown}
      onKeyUp={keyUp}
    >
      <h3 id="teach-examples">
        <span class="step-number">1</span> Examples
      </h3>
      <div class="teach-columns">
        <div class="teach-camera">
          <Stage camera={camera} recorder={recorder} classes={classes} ready={model !== undefined} />
          <FilesReport adding={adding} />
          <div role="status">
            {dropped && <ModelReport file={dropped} models={models} onClose={() => setDropped(undefined)} />}
          </div>
          <div class="undo" role="status">
            {project.done !== undefined && (
              <>
                <span class="muted">{project.done}.</span>
                <button class="button quiet" type="button" onClick={() => void project.undo()}>
                  Undo
                </button>
              </>
            )}
          </div>
        </div>
        <div class="teach-classes">
          {classes.map((of, index) => (
            <ClassCard
              key={of.id}
              of={of}
              index={index}
              examples={examples.filter((example) => example.class === of.id)}
              most={most}
              project={project}
              recorder={recorder}
              live={live}
              onFiles={(files, to) => void adding.add(files, to)}
            />
          ))}
          <AddClass project={project} />
          <AddFolder onFiles={(files) => void adding.add(files)} />
          {imbalance !== undefined && <p class="warning">{imbalance}</p>}
        </div>
      </div>
    </section>
  );
}

/** Files dropped or pasted anywhere: on a class they become its examples, elsewhere their folders name the class. */
function useDrops(
  active: boolean,
  take: (files: readonly GivenFile[], to: string | undefined) => void,
): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    if (!active) return;
    const given = ({ target }: Event, data: DataTransfer | null): void => {
      const to = target instanceof Element ? target.closest<HTMLElement>("[data-class]") : null;
      if (!data) return;
      void filesOf(data).then((files) => latest.current(files, to?.dataset.class));
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      given(event, event.dataTransfer);
    };
    const paste = (event: ClipboardEvent): void => {
      if ((event.clipboardData?.files.length ?? 0) > 0) given(event, event.clipboardData);
    };
    addEventListener("drop", drop);
    addEventListener("paste", paste);
    return () => {
      removeEventListener("drop", drop);
      removeEventListener("paste", paste);
    };
  }, [active]);
}

function AddClass({ project }: { readonly project: OpenProject }) {
  const [refusal, setRefusal] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const add = (event: Event): void => {
    event.preventDefault();
    const name = input.current?.value ?? "";
    const taken = project.project?.classes.map((one) => one.name) ?? [];
    const why = refusalOfName(name, taken);
    setRefusal(why);
    if (why !== undefined || !input.current) return;
    input.current.value = "";
    void project.addClass(name);
  };
  return (
    <form class="add-class" onSubmit={add}>
      <input
        ref={input}
        class="button"
        placeholder="Another class"
        aria-label="Name of another class"
        aria-describedby={refusal === undefined ? undefined : "add-class-refusal"}
        aria-invalid={refusal !== undefined}
      />
      <button class="button" type="submit">
        Add a class
      </button>
      {refusal !== undefined && (
        <span class="error" role="alert" id="add-class-refusal">
          {refusal}
        </span>
      )}
    </form>
  );
}

function AddFolder({ onFiles }: { onFiles(files: readonly GivenFile[]): void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <p class="muted add-folder">
      Or drop images on a class, or a folder per class anywhere.{" "}
      <button class="button quiet" type="button" onClick={() => input.current?.click()}>
        Choose a folder
      </button>
      <input
        ref={(element) => {
          input.current = element;
          // Missing from Preact's types.
          element?.setAttribute("webkitdirectory", "");
        }}
        class="visually-hidden"
        type="file"
        tabIndex={-1}
        aria-hidden="true"
        onChange={({ currentTarget }) => {
          onFiles(filesChosen(currentTarget.files ?? []));
          currentTarget.value = "";
        }}
      />
    </p>
  );
}
