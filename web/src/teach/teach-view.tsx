/** The view Teach: examples, training, measurement, and use of the model; everything stays in this browser. */

import { useRef } from "preact/hooks";
import type { Models } from "../models/use-models.ts";
import { useFocusKept } from "../parts/use-focus-kept.ts";
import type { View } from "../parts/use-view.ts";
import type { ExplainedFace } from "../recogniser/protocol.ts";
import type { Recogniser } from "../recogniser/recogniser.ts";
import { ExamplesSection } from "./examples-section.tsx";
import { MeasureSection } from "./measure-section.tsx";
import { ProjectBar } from "./project-bar.tsx";
import { Start } from "./start.tsx";
import { databaseName, type TeachStore } from "./store.ts";
import { TakeSection } from "./take-section.tsx";
import "./teach.css";
import { TrainingSection } from "./training-section.tsx";
import { projectLock, useLock } from "./use-lock.ts";
import { useProject } from "./use-project.ts";
import { type Projects, useProjects } from "./use-projects.ts";
import { useTraining } from "./use-training.ts";

export interface TeachViewProps {
  /** Whether this view is shown: a training continues while another one is shown. */
  readonly active: boolean;
  readonly recogniser: Recogniser;
  readonly models: Models;
  show(view: View): void;
}

export function TeachView(props: TeachViewProps) {
  const projects = useProjects();
  const { store, open } = projects;
  const known = knownClasses(props.models);
  const view = useRef<HTMLElement>(null);
  useFocusKept(view);
  return (
    <section ref={view} class="teach" aria-labelledby="teach" tabIndex={-1}>
      <h2 class="visually-hidden" id="teach">
        Teach
      </h2>
      {open === undefined && projects.problem !== undefined && (
        <p class="error" role="alert">
          {projects.problem}
        </p>
      )}
      {store &&
        (open === undefined ? (
          <Start known={known} onCreate={(classes) => void projects.create(classes)} />
        ) : (
          <LockedProject key={open} {...props} projects={projects} store={store} id={open} />
        ))}
    </section>
  );
}

interface ProjectProps extends TeachViewProps {
  readonly projects: Projects;
  readonly store: TeachStore;
  readonly id: string;
}

/** A project, unless another tab has it open. */
function LockedProject(props: ProjectProps) {
  const lock = useLock(projectLock(databaseName(), props.id));
  if (lock === "asking") return null;
  if (lock === "held") return <ProjectView {...props} />;
  return (
    <>
      <ProjectBar projects={props.projects} open={undefined} known={knownClasses(props.models)} />
      <p class="panel" role="status">
        This project is open in another tab. Close it there, and it will open here.
      </p>
    </>
  );
}

function ProjectView({ recogniser, models, projects, store, id, active, show }: ProjectProps) {
  const project = useProject(store, id);
  const { examples, problem } = project;
  const current = project.project;
  const trainings = useTraining(store, id, current?.name ?? "");
  // Examples are cropped for the page's model, from which trainings start.
  const base = models.models.find(({ address }) => address !== undefined) ?? models.models[0];
  const counts = (current?.classes ?? []).map(
    (one) => [one.name, examples.filter((example) => example.class === one.id).length] as const,
  );
  const explain = async (bundle: Blob, image: Blob): Promise<ExplainedFace> => {
    const { id: model } = await recogniser.add({ source: new File([bundle], "taught.onnx") });
    try {
      return await recogniser.explain({ photo: image, model });
    } finally {
      recogniser.remove({ model }).catch(() => {});
    }
  };
  return (
    <>
      <ProjectBar projects={projects} open={project} known={knownClasses(models)} />
      {problem !== undefined && (
        <p class="error panel not-kept" role="alert">
          {problem}
        </p>
      )}
      {current && (
        <>
          <ExamplesSection
            recogniser={recogniser}
            model={base?.id}
            models={models}
            project={project}
            active={active}
          />
          <TrainingSection trainings={trainings} counts={counts} models={models.models} />
          {trainings.all && (
            <MeasureSection
              trainings={trainings}
              all={trainings.all}
              examples={examples}
              changed={current.changed}
              explain={explain}
            />
          )}
          {examples.length > 0 && (
            <TakeSection
              project={current}
              examples={examples}
              all={trainings.all}
              onTry={(model) => {
                models.add(model);
                show("camera");
              }}
            />
          )}
        </>
      )}
    </>
  );
}

function knownClasses({ models }: Models): readonly string[] {
  return models[0]?.classes ?? [];
}
