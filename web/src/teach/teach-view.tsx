/** The view Teach: examples, training, measure, and what to do with the model; all of it stays in this browser. */

import type { Models } from "../models/use-models.ts";
import type { View } from "../parts/use-view.ts";
import type { Recogniser } from "../recogniser/recogniser.ts";
import { ExamplesSection } from "./examples-section.tsx";
import { ProjectBar } from "./project-bar.tsx";
import { Start } from "./start.tsx";
import { databaseName, type TeachStore } from "./store.ts";
import "./teach.css";
import { projectLock, useLock } from "./use-lock.ts";
import { useProject } from "./use-project.ts";
import { type Projects, useProjects } from "./use-projects.ts";

export interface TeachViewProps {
  readonly recogniser: Recogniser;
  readonly models: Models;
  show(view: View): void;
}

export function TeachView(props: TeachViewProps) {
  const projects = useProjects();
  const { store, open } = projects;
  const known = knownClasses(props.models);
  return (
    <div class="teach">
      <h2 class="visually-hidden">Teach</h2>
      {!store ? (
        projects.problem !== undefined && (
          <p class="error" role="alert">
            {projects.problem}
          </p>
        )
      ) : open === undefined ? (
        <Start known={known} onCreate={(classes) => void projects.create(classes)} />
      ) : (
        <LockedProject key={open} {...props} projects={projects} store={store} id={open} />
      )}
    </div>
  );
}

interface ProjectProps extends TeachViewProps {
  readonly projects: Projects;
  readonly store: TeachStore;
  readonly id: string;
}

/** A project, unless another tab works on it. */
function LockedProject(props: ProjectProps) {
  const lock = useLock(projectLock(databaseName(), props.id));
  if (lock === "asking") return null;
  if (lock === "held") return <ProjectView {...props} />;
  return (
    <>
      <ProjectBar projects={props.projects} open={undefined} known={knownClasses(props.models)} />
      <p class="panel" role="status">
        This project is open in another tab. Close it there, and it opens here.
      </p>
    </>
  );
}

function ProjectView({ recogniser, models, projects, store, id }: ProjectProps) {
  const project = useProject(store, id);
  // Examples are cut for the model that the page has, which every training starts from.
  const base = models.models.find(({ address }) => address !== undefined) ?? models.models[0];
  return (
    <>
      <ProjectBar projects={projects} open={project} known={knownClasses(models)} />
      {project.problem !== undefined && (
        <p class="error" role="alert">
          {project.problem}
        </p>
      )}
      {project.project && <ExamplesSection recogniser={recogniser} model={base?.id} project={project} />}
    </>
  );
}

function knownClasses({ models }: Models): readonly string[] {
  return models[0]?.classes ?? [];
}
