/** The projects stored in the browser: their names, sizes, and which is open. */

import { useEffect, useState } from "preact/hooks";
import { count } from "../parts/numbers.ts";
import { NameInput } from "./name-input.tsx";
import type { StoredProject } from "./store.ts";
import type { OpenProject } from "./use-project.ts";
import type { Projects } from "./use-projects.ts";

export interface ProjectBarProps {
  readonly projects: Projects;
  /** State of the open project; undefined if another tab has it. */
  readonly open: OpenProject | undefined;
  /** Classes of the page's model. */
  readonly known: readonly string[];
}

export function ProjectBar({ projects, open, known }: ProjectBarProps) {
  const { list, refresh } = projects;
  const name = open?.project?.name ?? list.find(({ id }) => id === projects.open)?.name ?? "";
  return (
    <div class="project-bar">
      {open ? (
        <NameInput
          class="project-name"
          label="Name of the project"
          name={name}
          onRename={(next) => (next.trim() === "" ? undefined : open.rename(next).then(refresh))}
        />
      ) : (
        <b>{name}</b>
      )}
      <details
        class="projects"
        onToggle={({ currentTarget }) => {
          if (currentTarget.open) void refresh();
        }}
        onKeyDown={({ key, currentTarget }) => {
          if (key !== "Escape" || !currentTarget.open) return;
          currentTarget.querySelector("summary")?.focus();
          currentTarget.open = false;
        }}
        // It covers the camera and the classes: the focused element must be visible.
        onFocusOut={({ currentTarget, relatedTarget }) => {
          if (relatedTarget instanceof Node && !currentTarget.contains(relatedTarget))
            currentTarget.open = false;
        }}
      >
        <summary class="button quiet">Projects</summary>
        <div class="panel projects-panel">
          <ul tabIndex={-1} aria-label="Kept projects">
            {list.map((project) => (
              <Row
                key={project.id}
                project={project}
                projects={projects}
                isMine={open !== undefined && project.id === projects.open}
              />
            ))}
          </ul>
          <Space list={list} />
          <div class="choices">
            <button
              class="button quiet"
              type="button"
              onClick={() => void projects.create(["Class 1", "Class 2"])}
            >
              New project
            </button>
            {known.length > 0 && (
              <button class="button quiet" type="button" onClick={() => void projects.create(known)}>
                New project with {known.length} expressions
              </button>
            )}
          </div>
        </div>
      </details>
      {projects.problem !== undefined && (
        <p class="error" role="alert">
          {projects.problem}
        </p>
      )}
    </div>
  );
}

interface RowProps {
  readonly project: StoredProject;
  readonly projects: Projects;
  /** Whether this tab has it open. */
  readonly isMine: boolean;
}

function Row({ project, projects, isMine }: RowProps) {
  const { id, name, examples, bytes } = project;
  const [asked, ask] = useState(false);
  const isOpen = id === projects.open;
  return (
    <li>
      <span class="project-row">
        <b>{name}</b>
        <span class="muted number">
          {count(examples, "example")}, {megabytes(bytes)}
        </span>
      </span>
      <span class="choices">
        {isOpen ? (
          <span class="muted">open</span>
        ) : (
          <button
            class="button quiet"
            type="button"
            aria-label={`Open ${name}`}
            onClick={() => projects.show(id)}
          >
            Open
          </button>
        )}
        <button
          class="button quiet"
          type="button"
          aria-label={asked ? `Delete ${name} for good` : `Delete ${name}`}
          onClick={() => (asked ? void projects.remove(id, isMine) : ask(true))}
          onBlur={() => ask(false)}
        >
          {asked ? "Delete for good" : "Delete"}
        </button>
      </span>
    </li>
  );
}

/** The storage that the browser grants the page, and whether it promises to keep the data. */
function Space({ list }: { readonly list: readonly StoredProject[] }) {
  const [space, setSpace] = useState<{ quota: number | undefined; persisted: boolean }>();
  useEffect(() => {
    const { storage } = navigator as Partial<Navigator>;
    const ask = async (): Promise<void> => {
      const [estimate, persisted] = await Promise.all([storage?.estimate(), storage?.persisted?.()]);
      setSpace({ quota: estimate?.quota, persisted: persisted ?? false });
    };
    ask().catch(() => {});
  }, [list]);
  const used = list.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <p class="muted number">
      {megabytes(used)}
      {space?.quota !== undefined && ` of ${megabytes(space.quota)}`} used.
      {space &&
        (space.persisted
          ? " The browser keeps it until you delete it."
          : " The browser may delete it when the device runs short of space: download your model and examples.")}
    </p>
  );
}

export function megabytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${bytes >= 1e7 || bytes === 0 ? Math.round(bytes / 1e6) : (bytes / 1e6).toFixed(1)} MB`;
}
