/**
 * A confusion matrix as a table: rows are the true classes, columns the predictions; cells with a larger share of their row are
 * darker.
 */

import "../style/confusion.css";

interface Props {
  readonly classes: readonly string[];
  readonly matrix: readonly (readonly number[])[];
  /** Name of the model that made the predictions. */
  readonly of: string;
  /** The content of a cell: percent of its row, or a count, which is more honest for few images. Default: `share`. */
  readonly cells?: "share" | "count";
}

export function Confusion({ classes, matrix, of, cells: unit = "share" }: Props) {
  const number = (n: number): string => n.toLocaleString("en");
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={`Confusion of ${of}`}>
      <table class="confusion">
        <caption>
          {unit === "share" ? "Share of each true class, in per cent" : "Images of each true class"}{" "}
          <span class="visually-hidden">, of {of}</span>
        </caption>
        <thead>
          <tr>
            <td class="corner">
              <span>
                truth ↓ answer <span class="forward">→</span>
              </span>
            </td>
            {classes.map((name) => (
              <th scope="col" key={name}>
                <span>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {classes.map((name, row) => {
            const cells = matrix[row] ?? [];
            const total = cells.reduce((sum, n) => sum + n, 0);
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                {cells.map((n, column) => {
                  const share = total > 0 ? n / total : 0;
                  return (
                    <td
                      key={classes[column]}
                      class={row === column ? "right" : ""}
                      style={{ "--share": `${Math.round(share * 100)}%` }}
                      title={`${number(n)} of ${number(total)} images of ${name} were called ${classes[column]}`}
                    >
                      {unit === "share" ? Math.round(share * 100) : number(n)}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
