/** What can be done with an image in which no face was found. */

export interface NoFaceProps {
  /** Whether it was looked at in quarter turns too. */
  readonly turned: boolean;
  onLook(way: "turned" | "whole"): void;
}

export function NoFace({ turned, onLook }: NoFaceProps) {
  return (
    <div class="no-face">
      <p role="status">
        No face was found{turned && ", in none of four directions"}.{" "}
        <span class="muted">
          {turned
            ? "If there is one, crop the image around it and add it again."
            : "If people lie on their side or stand on their head, turn the image. If a face fills it, take it whole."}
        </span>
      </p>
      <div class="choices">
        {!turned && (
          <button class="button quiet" type="button" onClick={() => onLook("turned")}>
            Turn the image and look again
          </button>
        )}
        <button class="button quiet" type="button" onClick={() => onLook("whole")}>
          Take the whole image as one face
        </button>
      </div>
    </div>
  );
}
