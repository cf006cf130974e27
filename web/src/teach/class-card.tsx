/** A class: its name, its examples, and ways to add more. */

import { useMemo, useRef, useState } from "preact/hooks";
import { count } from "../parts/numbers.ts";
import { accentOf } from "../style/accents.ts";
import { filesChosen, type GivenFile } from "./drop.ts";
import { lookAlike } from "./looks.ts";
import { NameInput } from "./name-input.tsx";
import { type Example, refusalOfName, type TaughtClass } from "./project.ts";
import { Thumbnails } from "./thumbnails.tsx";
import type { OpenProject } from "./use-project.ts";
import { HANDS_FREE, type Recorder } from "./use-recorder.ts";

export interface ClassCardProps {
  readonly of: TaughtClass;
  /** Its index among the classes. */
  readonly index: number;
  readonly examples: readonly Example[];
  /** Number of examples of the largest class. */
  readonly most: number;
  readonly project: OpenProject;
  readonly recorder: Recorder;
  /** Whether the camera runs. */
  readonly live: boolean;
  onFiles(files: readonly GivenFile[], to: string): void;
}

export function ClassCard(props: ClassCardProps) {
  const { of, index, examples, most, project, recorder, live, onFiles } = props;
  const { id, name } = of;
  const classes = project.project?.classes ?? [];
  const others = classes.filter((other) => other.id !== id);
  const recording = recorder.state.kind === "recording" && recorder.state.class === id;
  const handsFree =
    recorder.state.kind !== "idle" && recorder.state.class === id && recorder.state.seconds !== undefined;
  const input = useRef<HTMLInputElement>(null);
  const card = useRef<HTMLElement>(null);
  // While examples are being added, nothing is compared; nor is an unchanged set compared again.
  const which = [examples.length, examples[0]?.id, examples.at(-1)?.id].join();
  const alike = useMemo(
    () => !recording && lookAlike(examples.map(({ thumbnail }) => thumbnail)),
    [which, recording],
  );
  const remove = (): void => {
    const near = card.current?.nextElementSibling ?? card.current?.previousElementSibling;
    near?.querySelector<HTMLElement>("input, button")?.focus();
    void project.deleteClass(id);
  };
  return (
    <section
      ref={card}
      class={recording ? "class-card panel recording" : "class-card panel"}
      aria-label={name}
      tabIndex={-1}
      data-class={id}
    >
      <div class="card-head">
        <span class="dot" style={{ background: accentOf(name, index) }} aria-hidden="true" />
        <ClassName of={of} others={others} onRename={(next) => project.renameClass(id, next)} />
        <span class="muted number">{count(examples.length, "example")}</span>
        <button class="chip-button" type="button" aria-label={`Delete the class ${name}`} onClick={remove}>
          ×
        </button>
      </div>
      <div class="balance" aria-hidden="true">
        <span
          style={{
            inlineSize: `${(100 * examples.length) / Math.max(1, most)}%`,
            background: accentOf(name, index),
          }}
        />
      </div>
      <div class="choices">
        <HoldButton recorder={recorder} to={id} name={name} on={live} shortcut={index + 1} />
        <button
          class="button hands-free"
          type="button"
          disabled={!live}
          aria-label={
            handsFree ? `Stop recording ${name}` : `Record ${name} hands-free for ${HANDS_FREE} seconds`
          }
          onClick={() => (handsFree ? recorder.release() : recorder.handsFree(id))}
        >
          {handsFree ? "Stop" : "Hands-free"}
        </button>
        <button
          class="button"
          type="button"
          aria-label={`Add images of ${name}`}
          onClick={() => input.current?.click()}
        >
          Add images
        </button>
        <input
          ref={input}
          class="visually-hidden"
          type="file"
          accept="image/*"
          multiple
          tabIndex={-1}
          aria-hidden="true"
          onChange={({ currentTarget }) => {
            onFiles(filesChosen(currentTarget.files ?? []), id);
            currentTarget.value = "";
          }}
        />
      </div>
      {alike && (
        <p class="warning">
          These examples are nearly the same image. Move your head, change the light or the distance, or
          record some at another time.
        </p>
      )}
      <Thumbnails
        examples={examples}
        name={name}
        others={others}
        onDelete={(ids) => void project.remove(ids)}
        onMove={(ids, to) => void project.move(ids, to)}
      />
    </section>
  );
}

interface ClassNameProps {
  readonly of: TaughtClass;
  readonly others: readonly TaughtClass[];
  onRename(name: string): Promise<void>;
}

/** A name that another class has, or that no folder can have, is rejected; the class then keeps its own. */
function ClassName({ of: { id, name }, others, onRename }: ClassNameProps) {
  const [refusal, setRefusal] = useState<string>();
  const rename = (value: string): Promise<void> | undefined => {
    const why = refusalOfName(
      value,
      others.map((other) => other.name),
    );
    setRefusal(why);
    return why === undefined ? onRename(value) : undefined;
  };
  return (
    <span class="class-name">
      <NameInput
        label="Name of the class"
        describedBy={refusal === undefined ? undefined : `refusal-${id}`}
        name={name}
        onRename={rename}
      />
      {refusal !== undefined && (
        <span class="error" role="alert" id={`refusal-${id}`}>
          {refusal}
        </span>
      )}
    </span>
  );
}

interface HoldButtonProps {
  readonly recorder: Recorder;
  readonly to: string;
  readonly name: string;
  readonly on: boolean;
  /** The key that does the same while the focus is within the classes. */
  readonly shortcut: number;
}

/** Records while it is held, by a pointer, the space bar or the enter key. */
function HoldButton({ recorder, to, name, on, shortcut }: HoldButtonProps) {
  const holds = recorder.state.kind === "recording" && recorder.state.class === to;
  const isKey = ({ key }: KeyboardEvent): boolean => key === " " || key === "Enter";
  const key = shortcut < 10 ? String(shortcut) : undefined;
  // Press and release may both come before the next render.
  const holding = useRef(false);
  const hold = (): void => {
    holding.current = true;
    recorder.hold(to);
  };
  const release = (): void => {
    if (holding.current) recorder.release();
    holding.current = false;
  };
  return (
    <button
      class="button primary hold"
      type="button"
      disabled={!on}
      aria-keyshortcuts={key}
      data-key={key}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        hold();
      }}
      onPointerUp={release}
      onPointerCancel={release}
      onLostPointerCapture={release}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        if (!event.repeat) hold();
      }}
      onKeyUp={(event) => {
        if (isKey(event)) release();
      }}
      onBlur={release}
    >
      <span>
        {holds ? "Recording …" : "Hold to record"}
        <span class="visually-hidden"> {name}</span>
      </span>
    </button>
  );
}
