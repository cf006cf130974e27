/** The start of a project: the choice of its classes. */

export interface StartProps {
  /** Classes of the page's model. */
  readonly known: readonly string[];
  onCreate(classes: readonly string[]): void;
}

export function Start({ known, onCreate }: StartProps) {
  return (
    <section class="teach-start panel" aria-labelledby="teach-start">
      <h3 id="teach-start">Teach a model your own expressions</h3>
      <p>
        Show examples of each class to the camera, or drop images. A whole network learns from them in this
        browser, and is measured on examples that it has not seen.
        <span class="muted"> Examples and models stay on this device until you delete them.</span>
      </p>
      <div class="choices">
        <button class="button primary" type="button" onClick={() => onCreate(["Class 1", "Class 2"])}>
          Start with two classes of your own
        </button>
        {known.length > 0 && (
          <button class="button" type="button" onClick={() => onCreate(known)}>
            Start with the {known.length} expressions of the model
          </button>
        )}
      </div>
    </section>
  );
}
