/** A confusion matrix as a table: rows are the truth, columns the answer, darker where a larger share of a row lies. */

import { count } from "./words.ts";

interface Props {
  readonly classes: readonly string[];
  readonly matrix: readonly (readonly number[])[];
  /** Whose answers these are. */
  readonly of: string;
}

export function Confusion({ classes, matrix, of }: Props) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={`Confusion after ${of}`}>
      <table class="confusion">
        <caption>
          Share of each true class, in per cent <span class="visually-hidden">, of {of}</span>
        </caption>
        <thead>
          <tr>
            <td class="corner">
              <span>truth ↓ answer →</span>
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
                      title={`${count(n)} of ${count(total)} pictures of ${name} were called ${classes[column]}`}
                    >
                      {Math.round(share * 100)}
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
