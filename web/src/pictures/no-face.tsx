/** What the user can do with an image in which no face was found. */

export interface NoFaceProps {
  /** Whether quarter turns of the image were searched too. */
  readonly turned: boolean;
  onLook(way: "turned" | "whole"): void;
}

export function NoFace({ turned, onLook }: NoFaceProps) {
  return (
    <div class="no-face">
      <p role="status">
        No face was found{turned && ", in any of four orientations"}.{" "}
        <span class="muted">
          {turned
            ? "If there is one, crop the image around it and add it again."
            : "If people are lying down or upside down, rotate the image. If a face fills the image, use the whole image."}
        </span>
      </p>
      <div class="choices">
        {!turned && (
          <button class="button quiet" type="button" onClick={() => onLook("turned")}>
            Rotate the image and look again
          </button>
        )}
        <button class="button quiet" type="button" onClick={() => onLook("whole")}>
          Use the whole image as one face
        </button>
      </div>
    </div>
  );
}
