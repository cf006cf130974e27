/** What can be done with a picture in which no face was found. */

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
            ? "If there is one, crop the picture around it and add it again."
            : "If people lie on their side or stand on their head, turn the picture. If a face fills it, take it whole."}
        </span>
      </p>
      <div class="choices">
        {!turned && (
          <button class="button quiet" type="button" onClick={() => onLook("turned")}>
            Turn the picture and look again
          </button>
        )}
        <button class="button quiet" type="button" onClick={() => onLook("whole")}>
          Take the whole picture as one face
        </button>
      </div>
    </div>
  );
}
